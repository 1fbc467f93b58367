"""The per-user cache of prepared images: one folder per data set and preparation.

An entry is written beside its place under a lock and renamed into it, so that it is whole or
absent, and of processes that want the same one, also on several machines, one prepares it for all.
`UNKNOT_CACHE` moves the cache.
"""

import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar
from uuid import uuid4

import platformdirs

from unknot.common.errors import UserError
from unknot.common.files import replace_folder
from unknot.common.locks import HeldError, Lock

FORMAT = 2  # part of every key: raise it when entries change
SPARE_BYTES = 64 * 2**20
Entry = TypeVar("Entry")


def cache_folder() -> Path:
    """Find the folder of prepared images.

    It is `$UNKNOT_CACHE`, or in the user's cache folder, or, where that cannot be written, one of
    the user's own in the folder for temporary files.

    Raises:
        UserError: if the last belongs to somebody else.
    """
    place = os.environ.get("UNKNOT_CACHE")
    if place:
        return Path(place)
    usual = _usual_folder()
    return usual if usual and _is_writable(usual) else _temporary_folder()


def cache_notes() -> tuple[str, ...]:
    """Say where prepared images are kept, if that is not the usual place."""
    usual = _usual_folder()
    if os.environ.get("UNKNOT_CACHE") or (usual and _is_writable(usual)):
        return ()
    why = f"{usual} cannot be written" if usual else "no home folder is known"
    return (
        f"{why}: prepared images are kept in {cache_folder()} until the system clears it; "
        "UNKNOT_CACHE sets another folder",
    )


def _usual_folder() -> Path | None:
    """Give the user's cache folder; None where no home folder is known."""
    try:
        return Path(platformdirs.user_cache_dir("unknot", appauthor=False))
    except RuntimeError:
        return None


def _is_writable(folder: Path) -> bool:
    """Whether a folder can be written, or made: its nearest parent that is there."""
    there = next(parent for parent in (folder, *folder.parents) if parent.exists())
    return os.access(there, os.W_OK | os.X_OK)


def _temporary_folder() -> Path:
    """Make a folder that is the user's alone among the temporary files."""
    folder = Path(tempfile.gettempdir()) / f"unknot-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    if folder.is_symlink() or folder.stat().st_uid != os.getuid():
        raise UserError(f"{folder} belongs to somebody else; set UNKNOT_CACHE to another folder")
    return folder


def cache_key(*parts: Any) -> str:
    """Name an entry after every part of what it depends on (anything that JSON can hold)."""
    text = json.dumps([FORMAT, *parts], sort_keys=True, separators=(",", ":"))
    return hashlib.blake2b(text.encode(), digest_size=16).hexdigest()


def cached_entry(
    key: str,
    num_bytes: int,
    open_entry: Callable[[Path], Entry | None],
    fill: Callable[[Path], None],
    *,
    renew: bool = False,
) -> Entry:
    """Open the entry called `key`, filling it first if it is not there or not whole.

    Args:
        key: from `cache_key`.
        num_bytes: how much `fill` will write, to check the free space first.
        open_entry: opens an entry; None if it cannot be used.
        fill: writes the entry into an empty folder.
        renew: whether to fill it again though it is there.

    Raises:
        UserError: if the cache cannot be written or the disk has no room.
    """
    root = cache_folder()
    entry = root / key
    opened = None if renew else _opened(entry, open_entry)
    if opened is not None:
        return opened
    try:
        root.mkdir(parents=True, exist_ok=True)
        lock = _entry_lock(root, key)
        with lock.waited_for():
            opened = None if renew else _opened(entry, open_entry)
            if opened is not None:
                return opened
            _fill_entry(entry, num_bytes, fill, lock)
    except (FileExistsError, NotADirectoryError, IsADirectoryError) as error:
        raise UserError(
            f"{error.filename} is in the way of prepared images ({error.strerror}); move it away, "
            "or set UNKNOT_CACHE to another folder"
        ) from None
    except PermissionError as error:
        raise UserError(
            f"the cache {root} cannot be written ({error.strerror}); "
            "set UNKNOT_CACHE to a folder that can"
        ) from None
    opened = open_entry(entry)
    if opened is None:
        raise UserError(f"{entry} was written and cannot be read back; look at the disk")
    return opened


def has_entry(key: str) -> bool:
    """Whether an entry is there: what it was made of could be read, as it is now."""
    return (cache_folder() / key).is_dir()


def _opened(entry: Path, open_entry: Callable[[Path], Entry | None]) -> Entry | None:
    return open_entry(entry) if os.path.lexists(entry) else None


def _entry_lock(root: Path, key: str) -> Lock:
    return Lock(root / f"{key}.lease", "preparing these images")


def _fill_entry(entry: Path, num_bytes: int, fill: Callable[[Path], None], lock: Lock) -> None:
    """Fill a folder beside an entry, and put it in its place."""
    for left_over in entry.parent.glob(f"{entry.name}.partial*"):
        shutil.rmtree(left_over, ignore_errors=True)
    beside = entry.with_name(f"{entry.name}.partial-{uuid4().hex[:8]}")
    check_space(num_bytes)
    beside.mkdir()
    try:
        try:
            fill(beside)
        finally:
            lock.check_held()
        if entry.is_symlink() or (entry.exists() and not entry.is_dir()):
            entry.unlink()
        replace_folder(beside, entry)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def check_space(num_bytes: int) -> None:
    """Check that the cache's disk has room.

    Args:
        num_bytes: that will be written.

    Raises:
        UserError: if it has not.
    """
    root = cache_folder()
    free = shutil.disk_usage(root).free
    if free < num_bytes + SPARE_BYTES:
        raise UserError(
            f"the prepared images need {num_bytes / 2**20:,.0f} MiB and {root} has "
            f"{free / 2**20:,.0f} MiB free; make room, run `unknot cache --clear`, "
            "or set UNKNOT_CACHE to another disk"
        )


def cache_size() -> int:
    """Count the bytes of all prepared images."""
    root = cache_folder()
    if not root.is_dir():
        return 0
    return sum(file.stat().st_size for file in root.rglob("*") if file.is_file())


def clear_cache() -> tuple[int, int]:
    """Delete every entry that no process is filling.

    Returns:
        How many entries went, and their size in bytes.
    """
    root, num, size = cache_folder(), 0, 0
    for entry in sorted(root.glob("*")) if root.is_dir() else []:
        if not entry.is_dir():
            continue
        lock = _entry_lock(root, entry.name.split(".")[0])
        try:
            with lock.held(0):
                size += sum(file.stat().st_size for file in entry.rglob("*") if file.is_file())
                shutil.rmtree(entry, ignore_errors=True)
                num += 1
        except HeldError:
            continue
    return num, size
