"""Files written beside their place and renamed into it: a reader never meets half a file."""

import io
import json
import os
import shutil
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError


def make_folder(path: Path) -> None:
    """Make a folder, and those that it lies in.

    Raises:
        UserError: if a file is in the way, or nothing can be made there.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, FileNotFoundError, NotADirectoryError) as error:
        raise UserError(
            f"no folder can be made at {path} ({error.strerror}); give another place"
        ) from None


@contextmanager
def written_beside(path: Path) -> Iterator[Path]:
    """Yield a temporary path in the folder of `path`; rename it to `path` when the block ends well.

    The temporary name keeps the suffix, by which many writers choose a format.
    """
    make_folder(path.parent)
    temporary = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
    temporary.unlink(missing_ok=True)  # a link that somebody left there would be written through
    try:
        yield temporary
        os.replace(temporary, path)
    finally:
        temporary.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` atomically."""
    with written_beside(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write `content` to `path` atomically, as UTF-8 with plain line feeds."""
    write_bytes(path, content.encode("utf-8", "surrogateescape"))


def write_json(path: Path, content: Any) -> None:
    """Write `content` to `path` atomically, as JSON that a person can read."""
    write_text(path, json.dumps(content, indent=2) + "\n")


def write_arrays(
    path: Path, arrays: Mapping[str, NDArray[Any]], *, compressed: bool = True
) -> None:
    """Write named arrays to `path` atomically, as npz.

    Args:
        path: of the file.
        arrays: by name.
        compressed: smaller, and slower.

    Raises:
        TypeError: if one holds Python objects, which could only be pickled.
    """
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise TypeError(f"array {name!r} holds Python objects")
    buffer = io.BytesIO()
    save = np.savez_compressed if compressed else np.savez
    save(buffer, allow_pickle=False, **arrays)
    write_bytes(path, buffer.getvalue())


def has_foreign_files(folder: Path, own: Collection[str]) -> bool:
    """Whether something stands at `folder` that is not ours to fill.

    Args:
        folder: may be absent, a file, or a folder.
        own: names that an interrupted start of ours may have left; hidden files do not count.
    """
    if not folder.is_dir():
        return folder.exists()
    return any(p.name not in own and not p.name.startswith(".") for p in folder.iterdir())


def replace_folder(new: Path, place: Path) -> None:
    """Put folder `new` at `place`, where another may stand.

    A non-empty folder cannot be replaced in one step: the one there is first set aside as
    `NAME.old`, which `recover_folder` brings back if the process dies between the two renames.
    """
    old = place.with_name(place.name + ".old")
    shutil.rmtree(old, ignore_errors=True)
    if place.exists():
        os.replace(place, old)
    os.replace(new, place)
    shutil.rmtree(old, ignore_errors=True)


def recover_folder(place: Path) -> bool:
    """Finish what an interrupted `replace_folder` began; True if `place` now stands."""
    old = place.with_name(place.name + ".old")
    if not place.exists() and old.exists():
        os.replace(old, place)
    return place.exists()
