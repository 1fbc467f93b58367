"""Files written beside their place and renamed into it: a reader never meets half a file."""

import io
import json
import os
import re
import shutil
import time
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError

TEMPORARY = re.compile(r"\..+\.(?P<pid>\d{1,10})(\.[A-Za-z0-9]+)?")
"""Names that `written_beside` gives, and those of checkpoints that are being written."""
QUIET_SECONDS = 5.0
"""What has not been written to for so long, by a process that is gone, is left over."""


def make_folder(path: Path) -> None:
    """Make a folder, and those that it lies in.

    Raises:
        UserError: if a file is in the way, or nothing can be made there.
    """
    if path.is_dir():  # which a shared file system answers sooner than it makes a folder
        return
    try:
        path.mkdir(parents=True, exist_ok=True)
    except (FileExistsError, FileNotFoundError, NotADirectoryError) as error:
        raise UserError(
            f"no folder can be made at {path} ({error.strerror}); give another place"
        ) from None


def check_writable(folder: Path) -> None:
    """Check that something can be written into a folder, before it is computed.

    Raises:
        UserError: if it can only be read.
    """
    if folder.is_dir() and not os.access(folder, os.W_OK):
        raise UserError(
            f"{folder} can only be read; copy it to a place of your own (cp -r {folder} COPY) and "
            "use the copy"
        )


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
    except BaseException as error:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.errno:
            is_ours = error.filename in (None, str(temporary))
            error.filename = str(path) if is_ours else error.filename
        raise


def write_bytes(path: Path, content: bytes) -> None:
    """Write `content` to `path` atomically."""
    with written_beside(path) as temporary:
        temporary.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write `content` to `path` atomically, as UTF-8 with plain line feeds."""
    write_bytes(path, content.encode("utf-8", "surrogateescape"))


def write_json(path: Path, content: Any) -> None:
    """Write `content` to `path` atomically, as JSON that a person can read, piece by piece."""
    pieces = json.JSONEncoder(indent=2).iterencode(content)
    with written_beside(path) as temporary, temporary.open("wb") as file:
        file.writelines(piece.encode("ascii") for piece in pieces)
        file.write(b"\n")


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
    if old.exists():
        if place.exists():
            shutil.rmtree(old, ignore_errors=True)
        else:
            os.replace(old, place)
    return place.exists()


def remove_leftovers(folder: Path) -> None:
    """Remove from a folder what killed processes of ours were writing.

    That is what has a name of `TEMPORARY`, and was last written `QUIET_SECONDS` ago, by a process
    that is not there any more; on another machine, which may use the same folder, one may be.

    Args:
        folder: may be absent.
    """
    with suppress(OSError):
        for path in folder.iterdir():
            match = TEMPORARY.fullmatch(path.name)
            if match and not is_running(int(match["pid"])) and _is_quiet(path):
                _remove(path)


def is_running(pid: int) -> bool:
    """Whether a process of this machine is there."""
    try:
        os.kill(pid, 0)
    except (ProcessLookupError, OverflowError):
        return False
    except OSError:
        return True  # somebody else's
    return True


def _is_quiet(path: Path) -> bool:
    inside = path.iterdir() if path.is_dir() and not path.is_symlink() else ()
    newest = max(place.lstat().st_mtime for place in (path, *inside))
    return abs(time.time() - newest) >= QUIET_SECONDS


def _remove(path: Path) -> None:
    with suppress(OSError):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()
