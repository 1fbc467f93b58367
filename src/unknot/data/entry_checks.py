"""An entry of the cache: its files are as they were written, or it is not used.

Checksums stand beside them: of the pixels one a MiB. All of these are compared where the file's
time is not the one recorded, and else a few, which takes milliseconds.
"""

import errno
import math
import os
import stat
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.common.files import write_arrays, write_json
from unknot.common.reading import damage_named, read_arrays, read_file, read_json
from unknot.data.preparation import CHANNELS, Preparation

PIXELS, LABELS, INFO, CHECKSUMS = "images.u8", "labels.npz", "info.json", "checksums.json"
BLOCK_BYTES = 2**20
FEW = 8  # blocks that are compared where nothing speaks for a change
TEXTS = ("source", "kind", "fingerprint", "split_by")
LISTS = ("names", "attribute_names", "factor_names", "group_names", "notes", "passing")
TABLES = ("preparation", "unreadable", "options", "factor_levels")
"""Keys of `info.json` by what they hold."""
NEEDED = ("shape", "fingerprint", "names", "attribute_names", "factor_names", "group_names")
"""Keys that every version has written."""
Arrays = Mapping[str, NDArray[Any]]
Kept = TypeVar("Kept")


def read_info(folder: Path) -> dict[str, Any]:
    """Read what is known of the images of an entry.

    Raises:
        UserError: if it is missing, no JSON, or something in it has another type or length.
    """
    info = read_json(folder / INFO)
    with damage_named(folder / INFO):
        _check(isinstance(info, dict), "not an object")
        lacking = next((key for key in NEEDED if key not in info), "")
        _check(not lacking, lacking)
        for key in info.keys() & set(TEXTS):
            _check(isinstance(info[key], str), key)
        for key in info.keys() & set(LISTS):
            are_texts = isinstance(info[key], list) and all(isinstance(t, str) for t in info[key])
            _check(are_texts, key)
        for key in info.keys() & set(TABLES):
            _check(isinstance(info[key], dict), key)
        shape = info["shape"]
        are_lengths = len(shape) == 4 and all(type(n) is int and n > 0 for n in shape)
        _check(are_lengths and shape[1] in CHANNELS, "shape")
        _check(len(info["names"]) == shape[0], "names")
        if "preparation" in info:
            prepared = Preparation(**info["preparation"])
            _check(shape[2:] == [prepared.height, prepared.width], "shape")
    return info


def read_labels(folder: Path, info: Mapping[str, Any]) -> Arrays:
    """Read the arrays of labels of an entry.

    Raises:
        UserError: if they are missing, damaged, or do not fit the images.
    """
    arrays = read_arrays(folder / LABELS)
    num = info["shape"][0]
    shapes = {
        "split": (num,),
        "attributes": (num, len(info["attribute_names"])),
        "factors": (num, len(info["factor_names"])),
        "groups": (num,),
    }
    with damage_named(folder / LABELS):
        for name, shape in shapes.items():
            kinds = "f" if name == "factors" else "i"
            array = arrays[name]
            _check(array.shape == shape and array.dtype.kind in kinds, name)
        _check(bool(((arrays["split"] >= 0) & (arrays["split"] < 3)).all()), "split")
        _check(bool((arrays["groups"] < max(1, len(info["group_names"]))).all()), "groups")
    return arrays


def _check(fits: bool, what: str) -> None:
    if not fits:
        raise ValueError(what)


def check_as_written(folder: Path, shape: tuple[int, ...]) -> None:
    """Check that the files of an entry are those that were written.

    Args:
        folder: of the entry.
        shape: of the images.

    Raises:
        UserError: if they are not.
    """
    path = folder / PIXELS
    try:
        status = path.stat()
    except OSError as error:
        raise UserError(f"{path} cannot be read ({error.strerror})") from None
    if not stat.S_ISREG(status.st_mode) or status.st_size != math.prod(shape):
        raise UserError(f"{path} is damaged (it has another size)")
    if not (folder / CHECKSUMS).exists():  # written by an older version
        return
    stored = read_json(folder / CHECKSUMS)
    with damage_named(folder / CHECKSUMS):
        for name in (INFO, LABELS):
            if stored[name] != zlib.crc32(read_file(folder / name)):
                raise UserError(f"{folder / name} is damaged (other content than was written)")
        blocks, is_same = stored["blocks"], stored["mtime_ns"] == status.st_mtime_ns
        _check(len(blocks) == -(-status.st_size // BLOCK_BYTES), "blocks")
        few = np.linspace(0, len(blocks) - 1, min(FEW, len(blocks))).astype(int).tolist()
        compared = few if is_same else range(len(blocks))
        sums = zip(compared, _checksums(path, compared))
        changed = any(blocks[i] != checksum for i, checksum in sums)
    if changed:
        raise UserError(f"{path} is damaged (other pixels than were written)")
    if not is_same:
        with suppress(OSError):  # somebody else's cache
            write_json(folder / CHECKSUMS, {**stored, "mtime_ns": status.st_mtime_ns})


def write_checksums(folder: Path) -> None:
    """Write the checksums of the files of an entry, whose pixels are the largest."""
    path = folder / PIXELS
    status = path.stat()
    small = {name: zlib.crc32((folder / name).read_bytes()) for name in (INFO, LABELS)}
    blocks = list(_checksums(path, range(-(-status.st_size // BLOCK_BYTES))))
    write_json(folder / CHECKSUMS, {**small, "mtime_ns": status.st_mtime_ns, "blocks": blocks})


def _checksums(path: Path, blocks: Any) -> Iterator[int]:
    with path.open("rb") as file:
        for block in blocks:
            file.seek(block * BLOCK_BYTES)
            yield zlib.crc32(file.read(BLOCK_BYTES))


def may_be_read(folder: Path) -> bool:
    """Whether permissions let every file of an entry be read that is there."""
    files = [folder / name for name in (PIXELS, LABELS, INFO)]
    return all(os.access(file, os.R_OK) for file in files if file.exists())


def without_damaged(paths: list[Path]) -> list[str]:
    """Delete files of arrays that are no such files; say which, a line for each.

    Args:
        paths: of files that are made again where they are missing.
    """
    notes = []
    for path in paths:
        if not (path.is_file() and zipfile.is_zipfile(path)):
            with suppress(OSError):
                path.unlink()
                notes.append(f"{path} was damaged: it is made again")
    return notes


def kept_arrays(
    path: Path, take: Callable[[Arrays], Kept], compute: Callable[[], dict[str, NDArray[Any]]]
) -> Kept:
    """Read arrays that were computed before, and compute and keep them where they are not usable.

    Args:
        path: of the npz.
        take: makes of the arrays what is wanted; raises KeyError, TypeError or ValueError if they
            do not fit.
        compute: gives the arrays.
    """
    if path.exists():
        with suppress(UserError), damage_named(path):
            return take(read_arrays(path))
    arrays = compute()
    try:
        write_arrays(path, arrays)
    except OSError as error:  # somebody else's cache, which is read all the same
        if error.errno not in (errno.EACCES, errno.EPERM, errno.EROFS):
            raise
    return take(arrays)
