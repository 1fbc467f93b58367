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
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.data.given_path import look_at
from unknot.data.sources.array_limits import (
    MAX_WHOLE_BYTES,
    Header,
    UnreadArray,
    check_packing,
    check_whole,
    objects_error,
    reading,
)
from unknot.data.sources.array_probe import (
    HDF5_HEAD,
    HDF5_START,
    check_openable,
    dataset_names,
)

CHUNK_BYTES = 2 * 2**20
MAX_CHUNK_BYTES = 256 * 2**20  # where the file is packed in larger pieces than we read


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
def open_arrays(path: Path, *, was_opened: bool = False) -> Iterator[ArrayFile]:
    """Open an npz, an npy, MATLAB's file, a zarr folder or, by any other ending, an HDF5 file.

    Args:
        path: of the file.
        was_opened: whether it is known that what reads it survives it; else another process tries.

    Raises:
        UserError: if it cannot be opened, or what reads it is missing.
    """
    from unknot.data.sources.array_formats import MatFile, NpyFile, TransposedH5File, ZarrFile

    look_at(path, takes_folders=path.suffix.lower() == ".zarr")
    ending = path.suffix.lower()
    if ending in (".npy", ".zarr"):
        yield NpyFile(path) if ending == ".npy" else ZarrFile(path)
        return
    if ending == ".mat" and not _is_hdf5(path):
        if not was_opened:
            check_openable([path])
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

    if not was_opened:
        check_openable([path])
    with reading(path):
        file = h5py.File(path, "r")
    with file:
        yield TransposedH5File(path, file) if ending == ".mat" else H5File(path, file)


def _is_hdf5(path: Path) -> bool:
    """Whether a file begins like HDF5; MATLAB's version 7.3 has a block of text before it."""
    with reading(path), path.open("rb") as file:
        return HDF5_START in file.read(HDF5_HEAD)


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
        check_whole(self.path, key, self.header(key))
        with self._open(key) as stream, reading(self.path):
            array = np.lib.format.read_array(stream, allow_pickle=False)
            return np.char.decode(array, "utf-8") if array.dtype.kind == "S" else array

    def chunks(self, key: str) -> Iterator[NDArray[Any]]:
        """Read some rows at a time; see `ArrayFile.chunks`."""
        shape, dtype, fortran, _ = self.header(key)
        row_bytes = max(1, prod(shape[1:]) * dtype.itemsize)
        rows = max(1, CHUNK_BYTES // row_bytes)
        member = self._archive.getinfo(f"{key}.npy")
        check_packing(self.path, key, member.file_size, member.compress_size)
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


class H5File(ArrayFile):
    """An HDF5 file; only what lies in it is read, by its path in groups: `latents/classes`."""

    def __init__(self, path: Path, file: Any) -> None:
        self.path, self._file = path, file
        with reading(path):
            self.keys = tuple(dataset_names(file))

    def header(self, key: str) -> Header:
        """Read shape and type; see `ArrayFile.header`."""
        dataset = self._dataset(key)
        return Header(dataset.shape or (), dataset.dtype)

    def read(self, key: str) -> NDArray[Any]:
        """Read a small array; see `ArrayFile.read`."""
        import h5py

        dataset = self._dataset(key)
        check_whole(self.path, key, Header(dataset.shape or (), dataset.dtype))
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
        check_packing(self.path, key, dataset.nbytes, dataset.id.get_storage_size())
        piece = Header(dataset.chunks or (1, *dataset.shape[1:]), dataset.dtype)
        check_whole(self.path, f"each piece of {key}", piece)
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
