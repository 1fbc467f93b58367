"""HDF5's and MATLAB's files, opened first in another process: their libraries can crash or hang."""

import os
from collections.abc import Callable, Iterator, Sequence
from math import prod
from pathlib import Path
from typing import Any

from unknot.common.errors import UserError
from unknot.data.child import Child, ChildFailure

MAX_DEPTH = 4  # of groups in groups
MAX_TRIED = 50  # arrays whose first and last rows are read
MAX_TRIED_BYTES = (
    64 * 2**20
)  # of a piece that is read, and of a file of MATLAB's that is read whole
HDF5_START, HDF5_HEAD = b"\x89HDF\r\n\x1a\n", 1024  # MATLAB has a block of text before it


def check_openable(paths: Sequence[Path]) -> None:
    """Have another process open files, with little time and memory.

    Raises:
        UserError: if one is damaged, or its library crashes or hangs.
    """
    child = Child(f"{__name__}:answer")
    try:
        for path in paths:
            _check(path, child.ask)
    finally:
        child.close()


def _check(path: Path, ask: Callable[[bytes], bytes]) -> None:
    try:
        reason = ask(os.fsencode(path)).decode()
    except ChildFailure as error:
        reason = str(error)
    if reason:
        raise UserError(f"{path} cannot be read: {reason}; download it or write it again")


def answer(request: bytes) -> bytes:
    """Open a file in a child; gives what is wrong with it, or nothing."""
    path = Path(os.fsdecode(request))
    try:
        with path.open("rb") as file:
            is_hdf5 = HDF5_START in file.read(HDF5_HEAD) or path.suffix.lower() != ".mat"
        _try_hdf5(path) if is_hdf5 else _try_matlab(path)
    except MemoryError:
        return b"it takes more memory than its reader is given"
    except Exception as error:  # whatever a library raises on damaged files
        return (" ".join(str(error).split()) or type(error).__name__).encode("utf-8", "replace")
    return b""


def _try_hdf5(path: Path) -> None:
    """Walk through a file, and read the first and the last row of its first arrays."""
    import h5py

    with h5py.File(path, "r") as file:
        for number, name in enumerate(dataset_names(file)):
            is_here = isinstance(file.get(name, getlink=True), h5py.HardLink)
            if number < MAX_TRIED and is_here and isinstance(file[name], h5py.Dataset):
                _try_dataset(file[name])


def _try_dataset(dataset: Any) -> None:
    is_elsewhere = dataset.is_virtual or dataset.external
    if is_elsewhere or dataset.dtype.hasobject or not dataset.shape or not dataset.size:
        return
    piece = dataset.chunks or (1, *dataset.shape[1:])
    if _bytes(piece, dataset.dtype.itemsize) > MAX_TRIED_BYTES:
        return
    if _bytes((1, *dataset.shape[1:]), dataset.dtype.itemsize) <= MAX_TRIED_BYTES:
        for row in (slice(0, 1), slice(-1, None)):
            dataset[row]


def _bytes(shape: Sequence[int], itemsize: int) -> int:
    return prod(shape) * itemsize


def _try_matlab(path: Path) -> None:
    from scipy.io import loadmat, whosmat

    whosmat(path)
    if path.stat().st_size <= MAX_TRIED_BYTES:
        loadmat(path)


def dataset_names(group: Any, prefix: str = "", depth: int = 0) -> Iterator[str]:
    """Name what is in a group of HDF5 and in its groups, by paths.

    Links are named too; that they are links is found when they are read.
    """
    import h5py

    for name in group:
        link = group.get(name, getlink=True)
        is_group = isinstance(link, h5py.HardLink) and isinstance(group[name], h5py.Group)
        if is_group and depth < MAX_DEPTH:
            yield from dataset_names(group[name], f"{prefix}{name}/", depth + 1)
        elif not is_group and not name.startswith("#"):
            yield prefix + name
