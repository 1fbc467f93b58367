"""Further files of named arrays: npy, MATLAB's, zarr."""

import os
from collections.abc import Collection, Iterator
from importlib.util import find_spec
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.common.reading import read_json
from unknot.data.given_path import look_at
from unknot.data.preparation import CHANNELS
from unknot.data.sources.array_file import CHUNK_BYTES, ArrayFile, H5File, npy_header
from unknot.data.sources.array_limits import (
    Header,
    UnreadArray,
    check_packing,
    check_whole,
    objects_error,
    reading,
)
from unknot.data.sources.array_probe import MAX_DEPTH

MAT_KINDS = {
    **{
        f"{sign}int{bits}": np.dtype(f"{sign}int{bits}")
        for sign in ("", "u")
        for bits in (8, 16, 32, 64)
    },
    "double": np.dtype(np.float64),
    "single": np.dtype(np.float32),
    "logical": np.dtype(np.uint8),
    "char": np.dtype("U1"),
}
"""Kinds of MATLAB's arrays that are read."""

ZARR_DESCRIPTIONS = (".zarray", ".zgroup", ".zmetadata", "zarr.json")
"""Files of a zarr folder that tell how its arrays are stored."""


class NpyFile(ArrayFile):
    """An npy: one array, which is called `images`, read from a memory map."""

    keys = ("images",)

    def __init__(self, path: Path) -> None:
        self.path = path
        with reading(path), path.open("rb") as file:
            shape, dtype, *_ = npy_header(path, self.keys[0], file)
            if prod(shape) * dtype.itemsize > path.stat().st_size - file.tell():
                raise EOFError("it ends early")
            self._array = np.load(path, mmap_mode="r", allow_pickle=False)

    def header(self, key: str) -> Header:
        """Give shape and type; see `ArrayFile.header`."""
        return Header(self._array.shape, self._array.dtype)

    def read(self, key: str) -> NDArray[Any]:
        """Read it whole; see `ArrayFile.read`."""
        check_whole(self.path, key, self.header(key))
        return np.asarray(self._array)

    def chunks(self, key: str) -> Iterator[NDArray[Any]]:
        """Read some rows at a time; see `ArrayFile.chunks`."""
        yield from _in_rows(self._array)


class MatFile(ArrayFile):
    """MATLAB's file of version 5: arrays whose last axis counts the images, read one by one."""

    def __init__(self, path: Path) -> None:
        from scipy.io import whosmat

        self.path = path
        with reading(path):
            self._headers = {name: (shape, kind) for name, shape, kind in whosmat(path)}
        self.keys = tuple(self._headers)

    def header(self, key: str) -> Header:
        """Read shape and type; see `ArrayFile.header`."""
        shape, kind = self._headers[key]
        if kind not in MAT_KINDS:
            raise self._no_array(key, kind)
        is_turned = self._counts_last(key)
        stored = (shape[-1], *shape[:-1]) if is_turned else shape
        return Header(stored, MAT_KINDS[kind], is_turned=is_turned)

    def read(self, key: str) -> NDArray[Any]:
        """Read a small array, images counted by its first axis; see `ArrayFile.read`."""
        check_whole(self.path, key, self.header(key))
        return self._loaded(key)

    def _loaded(self, key: str) -> NDArray[Any]:
        from scipy.io import loadmat

        shape, dtype, *_ = self.header(key)
        num_bytes = prod(shape) * dtype.itemsize
        check_packing(self.path, key, num_bytes, self.path.stat().st_size)
        with reading(self.path):
            array = loadmat(self.path, variable_names=[key])[key]
        return np.moveaxis(array, -1, 0) if self._counts_last(key) else np.asarray(array)

    def chunks(self, key: str) -> Iterator[NDArray[Any]]:
        """Read some rows at a time; see `ArrayFile.chunks`."""
        yield from _in_rows(self._loaded(key))

    def _counts_last(self, key: str) -> bool:
        """Whether the last axis of an array counts the images, as tables beside it may tell."""
        others = [shape for name, (shape, _) in self._headers.items() if name != key]
        lengths = {length for shape in others if len(shape) <= 2 for length in shape}
        shape, kind = self._headers[key]
        return kind != "char" and counts_last(shape, lengths)

    def _no_array(self, key: str, kind: str) -> UnreadArray:
        return UnreadArray(
            f"{self.path}: {key} is a {kind}, not an array; save it as numbers", f"a {kind}"
        )


class TransposedH5File(H5File):
    """MATLAB's file of version 7.3: HDF5 with the axes in reverse order."""

    def header(self, key: str) -> Header:
        """Read shape and type; see `ArrayFile.header`."""
        shape, dtype, *_ = super().header(key)
        return Header(self._turned(shape), dtype, is_turned=len(shape) > 2)

    def read(self, key: str) -> NDArray[Any]:
        """Read a small array; see `ArrayFile.read`."""
        array = super().read(key)
        return self._turn(array)

    def chunks(self, key: str) -> Iterator[NDArray[Any]]:
        """Read some images at a time; see `ArrayFile.chunks`."""
        for chunk in super().chunks(key):
            yield self._turn(chunk)

    @staticmethod
    def _turned(shape: tuple[int, ...]) -> tuple[int, ...]:
        if len(shape) == 2:
            return max(shape), min(shape)
        return (shape[0], *shape[:0:-1])

    @staticmethod
    def _turn(array: NDArray[Any]) -> NDArray[Any]:
        """Put the axes of each image back into their order; the first one counts the images.

        A table of labels is taken to have more rows than columns.
        """
        if array.ndim == 2:
            return array.T if array.shape[0] < array.shape[1] else array
        return array.transpose(0, *range(array.ndim - 1, 0, -1))


class ZarrFile(ArrayFile):
    """A zarr folder: an array, which is called `images`, or groups of named ones."""

    def __init__(self, path: Path) -> None:
        if find_spec("zarr") is None:
            raise UserError(f"{path} needs zarr; install it with pip install 'unknot[zarr]'")
        import zarr

        self.path = path
        self._num_bytes = check_zarr(path)
        with reading(path):
            opened: Any = zarr.open(str(path), mode="r")
            self._arrays: dict[str, Any] = {"images": opened}
            if hasattr(opened, "arrays"):
                self._arrays = dict(sorted(_arrays_below(opened, "", 0)))
        self.keys = tuple(self._arrays)

    def header(self, key: str) -> Header:
        """Give shape and type; see `ArrayFile.header`."""
        array = self._arrays[key]
        return Header(tuple(array.shape), np.dtype(array.dtype))

    def read(self, key: str) -> NDArray[Any]:
        """Read a small array; see `ArrayFile.read`."""
        check_whole(self.path, key, self.header(key))
        with reading(self.path):
            array = np.asarray(self._arrays[key][:])
        if array.dtype.kind not in "TO":
            return array
        texts = array.ravel().tolist()
        if not all(isinstance(text, str) for text in texts):
            raise objects_error(self.path, key)
        return np.array(texts, str).reshape(array.shape)

    def chunks(self, key: str) -> Iterator[NDArray[Any]]:
        """Read whole packed pieces at a time; see `ArrayFile.chunks`."""
        array = self._arrays[key]
        row_bytes = max(1, prod(array.shape[1:]) * array.dtype.itemsize)
        check_packing(self.path, key, prod(array.shape) * array.dtype.itemsize, self._num_bytes)
        check_whole(self.path, f"each piece of {key}", Header(tuple(array.chunks), array.dtype))
        packed = max(1, array.chunks[0])
        rows = -(-max(1, CHUNK_BYTES // row_bytes) // packed) * packed
        for start in range(0, array.shape[0], rows):
            with reading(self.path):
                chunk = np.asarray(array[start : start + rows])
            yield chunk


def _arrays_below(group: Any, prefix: str, depth: int) -> Iterator[tuple[str, Any]]:
    """List the arrays of a zarr group and of its groups by their paths."""
    for name, array in group.arrays():
        yield prefix + name, array
    if depth < MAX_DEPTH:
        for name, below in group.groups():
            yield from _arrays_below(below, f"{prefix}{name}/", depth + 1)


def check_zarr(path: Path) -> int:
    """Check that a zarr folder holds all that it needs, and nothing that is unpickled.

    Some versions of zarr open Python objects as soon as an array's description names them.

    Returns:
        The bytes of its files.

    Raises:
        UserError: if it does not.
    """
    num_bytes = 0
    for folder, folders, files in os.walk(path):
        for name in (*folders, *files):
            place = Path(folder, name)
            if place.is_symlink():
                raise UserError(
                    f"{place} is a link to another place, which is not followed; copy what it "
                    "leads to into the folder"
                )
            num_bytes += look_at(place, takes_folders=True).st_size if name in files else 0
            if name in ZARR_DESCRIPTIONS:
                with reading(place):
                    is_pickled = _names_pickle(read_json(place))
                if is_pickled:
                    raise objects_error(place.parent, "this array")
    return num_bytes


def _names_pickle(description: Any) -> bool:
    """Whether what describes an array has its values pickled, at any depth."""
    if isinstance(description, list):
        return any(map(_names_pickle, description))
    if not isinstance(description, dict):
        return False
    codecs = (description.get("id"), description.get("name"))
    named = any(isinstance(codec, str) and codec.lower().endswith("pickle") for codec in codecs)
    return named or any(map(_names_pickle, description.values()))


def counts_last(shape: tuple[int, ...], lengths: Collection[int] = ()) -> bool:
    """Whether the last axis of MATLAB's array counts the images.

    So it is with height x width x channels x number and height x width x number, as MATLAB has
    them; arrays that Python saved count them by the first axis. Of grey images the two axes of one
    length are taken for height and width; where none or all are, the axis as long as a table of
    labels counts the images, and else the last.

    Args:
        shape: of the array.
        lengths: of the axes of the tables beside it.
    """
    if len(shape) == 4:
        return shape[2] in CHANNELS and shape[3] not in CHANNELS
    if len(shape) == 3:
        first, second, last = shape
        if (first == second) != (second == last):
            return first == second
        return last in lengths or first not in lengths
    return len(shape) == 2 and shape[0] == 1 < shape[1]


def _in_rows(array: NDArray[Any]) -> Iterator[NDArray[Any]]:
    row_bytes = max(1, prod(array.shape[1:]) * array.dtype.itemsize)
    rows = max(1, CHUNK_BYTES // row_bytes)
    for start in range(0, len(array), rows):
        yield np.asarray(array[start : start + rows])
