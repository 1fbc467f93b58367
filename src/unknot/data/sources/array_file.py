"""Reads files of named arrays, npz and HDF5, a few rows at a time.

Nothing is ever unpickled, and nothing outside the file is followed.
"""

import zipfile
from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.util import find_spec
from math import prod
from pathlib import Path
from tokenize import TokenError
from typing import IO, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.data.sources.packed import DAMAGED

CHUNK_BYTES = 2 * 2**20
MAX_DEPTH = 4  # of groups in groups
MAX_WHOLE_BYTES = 2**30  # of what is read whole
MAX_CHUNK_BYTES = 256 * 2**20  # where the file is packed in larger pieces than we read


class Header(NamedTuple):
    """What is known of an array before it is read.

    Attributes:
        shape: the axis that counts the images first.
        dtype: of its values.
        fortran: whether it is stored column by column.
        is_turned: whether the axis that counts the images is stored as the last one.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool = False
    is_turned: bool = False


class ArrayFile(ABC):
    """Named arrays in one file.

    Attributes:
        path: the file.
        keys: the arrays' names.
    """

    path: Path
    keys: tuple[str, ...]

    @abstractmethod
    def header(self, key: str) -> Header:
        """Read the shape and type of an array; a UserError if it is one that must not be read."""

    @abstractmethod
    def read(self, key: str) -> NDArray[Any]:
        """Read a small array whole; text becomes str."""

    @abstractmethod
    def chunks(self, key: str) -> Iterator[NDArray[Any]]:
        """Read a large array, some rows at a time, in order."""


@contextmanager
def open_arrays(path: Path) -> Iterator[ArrayFile]:
    """Open an npz, an npy, MATLAB's file, a zarr folder or, by any other ending, an HDF5 file.

    Raises:
        UserError: if it cannot be opened, or what reads it is missing.
    """
    from unknot.data.sources.array_formats import MatFile, NpyFile, TransposedH5File, ZarrFile

    ending = path.suffix.lower()
    if ending in (".npy", ".zarr"):
        yield NpyFile(path) if ending == ".npy" else ZarrFile(path)
        return
    if ending == ".mat" and not _is_hdf5(path):
        yield MatFile(path)
        return
    if ending == ".npz":
        with reading(path):
            archive = zipfile.ZipFile(path)
        with archive:
            yield NpzFile(path, archive)
        return
    if find_spec("h5py") is None:
        raise UserError(f"{path} needs h5py; install it with pip install 'unknot[h5]'")
    import h5py

    with reading(path):
        file = h5py.File(path, "r")
    with file:
        yield TransposedH5File(path, file) if ending == ".mat" else H5File(path, file)


def _is_hdf5(path: Path) -> bool:
    """Whether a file begins like HDF5; MATLAB's version 7.3 has a block of text before it."""
    with reading(path), path.open("rb") as file:
        head = file.read(1024)
    return b"\x89HDF\r\n\x1a\n" in head


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what damaged files raise into one line."""
    try:
        yield
    except (*DAMAGED, ValueError, KeyError, MemoryError, SyntaxError, TokenError) as error:
        why = " ".join(str(error).split())
        raise UserError(f"{path} cannot be read: {why}; download it or write it again") from None


class UnreadArray(UserError):
    """An array that must not, or cannot, be read.

    Args:
        message: the line for the user.
        what: it holds, in a word or two.
    """

    def __init__(self, message: str, what: str) -> None:
        super().__init__(message)
        self.what = what


def objects_error(path: Path, key: str) -> UnreadArray:
    """Say why an array of Python objects is not read."""
    return UnreadArray(
        f"{path}: {key} holds Python objects, which are never unpickled because they can run "
        "code; save it as numbers or text",
        "Python objects",
    )


def npy_header(path: Path, key: str, stream: IO[bytes]) -> Header:
    """Read the header of an npy.

    Raises:
        UserError: if it is damaged, or the array holds Python objects.
    """
    with reading(path):
        version = np.lib.format.read_magic(stream)
        if version == (1, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
        elif version == (2, 0):
            shape, fortran, dtype = np.lib.format.read_array_header_2_0(stream)
        else:
            raise UserError(f"{path}: {key} is no plain array; save it as numbers or text")
        if min(shape, default=0) < 0:
            raise ValueError(f"{key} has a negative length")
    if dtype.hasobject:
        raise objects_error(path, key)
    return Header(shape=shape, dtype=dtype, fortran=fortran)


class NpzFile(ArrayFile):
    """An npz: a zip of npy files, which are unpacked as they are read."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self.path, self._archive = path, archive
        names = archive.namelist()
        self.keys = tuple(name.removesuffix(".npy") for name in names if name.endswith(".npy"))

    def header(self, key: str) -> Header:
        """Read shape and type; see `ArrayFile.header`."""
        with self._open(key) as stream:
            return npy_header(self.path, key, stream)

    def read(self, key: str) -> NDArray[Any]:
        """Read a small array; see `ArrayFile.read`."""
        self.header(key)
        with self._open(key) as stream, reading(self.path):
            array = np.lib.format.read_array(stream, allow_pickle=False)
            return np.char.decode(array, "utf-8") if array.dtype.kind == "S" else array

    def chunks(self, key: str) -> Iterator[NDArray[Any]]:
        """Read some rows at a time; see `ArrayFile.chunks`."""
        shape, dtype, fortran, _ = self.header(key)
        row_bytes = max(1, prod(shape[1:]) * dtype.itemsize)
        rows = max(1, CHUNK_BYTES // row_bytes)
        if fortran:
            yield from self._rows_of_columns(key, rows)
            return
        with self._open(key) as stream:
            npy_header(self.path, key, stream)
            for start in range(0, shape[0], rows):
                content = self._take(key, stream, min(rows, shape[0] - start) * row_bytes)
                yield np.frombuffer(content, dtype).reshape(-1, *shape[1:])
            with reading(self.path):
                if stream.read(1):  # also compares the checksum
                    raise ValueError(f"{key} is longer than its header says")

    def _rows_of_columns(self, key: str, rows: int) -> Iterator[NDArray[Any]]:
        """Read an array that is stored column by column: it has no row before its last byte."""
        shape, dtype, *_ = self.header(key)
        if prod(shape) * dtype.itemsize > MAX_WHOLE_BYTES:
            raise UserError(
                f"{self.path}: {key} is stored column by column (Fortran order) and too large for "
                "that; save numpy.ascontiguousarray of it"
            )
        array = self.read(key)
        for start in range(0, len(array), rows):
            yield array[start : start + rows]

    def _open(self, key: str) -> AbstractContextManager[IO[bytes]]:
        with reading(self.path):
            return self._archive.open(f"{key}.npy")

    def _take(self, key: str, stream: IO[bytes], num_bytes: int) -> bytes:
        with reading(self.path):
            content = stream.read(num_bytes)
            if len(content) < num_bytes:
                raise EOFError(f"{key} ends early")
            return content


def _datasets(group: Any, prefix: str, depth: int) -> Iterator[str]:
    """List what is in a group and its groups; links are listed and found out when they are read."""
    import h5py

    for name in group:
        link = group.get(name, getlink=True)
        is_group = isinstance(link, h5py.HardLink) and isinstance(group[name], h5py.Group)
        if is_group and depth < MAX_DEPTH:
            yield from _datasets(group[name], f"{prefix}{name}/", depth + 1)
        elif not is_group and not name.startswith("#"):
            yield prefix + name


class H5File(ArrayFile):
    """An HDF5 file; only what lies in it is read, by its path in groups: `latents/classes`."""

    def __init__(self, path: Path, file: Any) -> None:
        self.path, self._file = path, file
        with reading(path):
            self.keys = tuple(_datasets(file, "", 0))

    def header(self, key: str) -> Header:
        """Read shape and type; see `ArrayFile.header`."""
        dataset = self._dataset(key)
        return Header(dataset.shape or (), dataset.dtype)

    def read(self, key: str) -> NDArray[Any]:
        """Read a small array; see `ArrayFile.read`."""
        import h5py

        dataset = self._dataset(key)
        with reading(self.path):
            if h5py.check_string_dtype(dataset.dtype):
                return np.asarray(dataset.asstr()[()], str)
            return np.asarray(dataset[()])

    def chunks(self, key: str) -> Iterator[NDArray[Any]]:
        """Read whole packed pieces at a time, or each is unpacked many times; see `ArrayFile`."""
        dataset = self._dataset(key)
        row_bytes = max(1, prod(dataset.shape[1:]) * dataset.dtype.itemsize)
        packed = dataset.chunks[0] if dataset.chunks else 1
        rows = -(-max(1, CHUNK_BYTES // row_bytes) // packed) * packed
        rows = max(1, min(rows, MAX_CHUNK_BYTES // row_bytes))
        for start in range(0, len(dataset), rows):
            with reading(self.path):
                content = dataset[start : start + rows]
            yield content

    def _dataset(self, key: str) -> Any:
        """Find a dataset whose every byte lies in this file."""
        import h5py

        elsewhere = UnreadArray(
            f"{self.path}: {key} is a link to another place, which is not followed; "
            "copy the array itself into the file",
            "a link, not followed",
        )
        with reading(self.path):
            if not isinstance(self._file.get(key, getlink=True), h5py.HardLink):
                raise elsewhere
            dataset = self._file[key]
            if not isinstance(dataset, h5py.Dataset):
                raise UserError(f"{self.path}: {key} is a group, not an array")
            if dataset.is_virtual or dataset.external:
                raise elsewhere
        if dataset.dtype.hasobject and not h5py.check_string_dtype(dataset.dtype):
            raise objects_error(self.path, key)
        return dataset
