"""Paths that were typed: what cannot be read or written there is said before anything is done."""

import os
import stat
from contextlib import suppress
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import Any

from unknot.common.errors import UserError

LONGEST_NAME = 255  # bytes, on every file system that is in use
NAMED_BY_TEXT = ("source", "data", "labels", "out")
"""Options that are paths, though their type is text."""
SAID_LATER = (FileNotFoundError, NotADirectoryError, PermissionError)
"""What is said where a path is used, as it is no fault of the path."""


def check_names(options: Any) -> None:
    """Refuse every path among a command's options that nothing could be at.

    Args:
        options: the dataclass of them, of groups in groups too.

    Raises:
        UserError: names the first whose name is too long, or whose links go in a circle.
    """
    for item in fields(options):
        value = getattr(options, item.name)
        if is_dataclass(value):
            check_names(value)
        if item.name in NAMED_BY_TEXT and isinstance(value, str):
            value = Path(value)
        for path in value if isinstance(value, list) else [value]:
            if isinstance(path, Path):
                _check_name(item.name, path)


def _check_name(option: str, path: Path) -> None:
    for part in path.parts:
        size = len(os.fsencode(part))
        if size > LONGEST_NAME:
            raise UserError(
                f"{option} is {path}, which has a name of {size} bytes; names have {LONGEST_NAME} "
                "at most"
            )
    with suppress(*SAID_LATER):
        _stat(option, path)


def check_input_file(option: str, path: Path) -> None:
    """Refuse what is no file that can be read.

    Args:
        option: its name in the error.
        path: that was typed.

    Raises:
        UserError: says what is there instead.
    """
    status = _status(option, path)
    if status is None:
        raise UserError(f"{option} is {path}, which does not exist")
    if not stat.S_ISREG(status.st_mode):
        raise UserError(f"{option} is {path}, which is {_kind(status)}; give a file")
    if not os.access(path, os.R_OK):
        raise UserError(f"{option} is {path}, which may not be read by you; ask its owner")


def check_source(option: str, source: str) -> None:
    """Refuse images that are neither a file nor a folder; what is not there is not looked at.

    Args:
        option: its name in the error.
        source: a path that was typed, or the name of a built-in data set.

    Raises:
        UserError: says what is there instead.
    """
    status = _status(option, Path(source))
    if status and not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        raise UserError(f"{option} is {source}, which is {_kind(status)}; give a file or a folder")


def check_output_folder(option: str, path: Path, *, is_written: bool = True) -> None:
    """Refuse what can be no folder to write into; it need not be there.

    Args:
        option: its name in the error.
        path: that was typed.
        is_written: whether it must be writable: not where all may lie there already.

    Raises:
        UserError: says what is in the way.
    """
    _check_place(option, path, path, is_written)


def check_output_file(option: str, path: Path) -> None:
    """Refuse what can be no file to write; its folder need not be there.

    Args:
        option: its name in the error.
        path: that was typed.

    Raises:
        UserError: says what is in the way.
    """
    _check_place(option, path, path.parent, is_written=True)
    status = _status(option, path)
    if status and not stat.S_ISREG(status.st_mode):
        raise UserError(f"{option} is {path}, which is {_kind(status)}; give a file")


def _check_place(option: str, path: Path, folder: Path, is_written: bool) -> None:
    """Refuse a path whose folder cannot be made, or written into."""
    _check_name(option, path)
    for place in (folder, *folder.parents):
        status = _status(option, place)
        if status and not stat.S_ISDIR(status.st_mode):
            raise UserError(f"{option} is {path}, but {place} is {_kind(status)}; give another")
        if status and is_written and not os.access(place, os.W_OK | os.X_OK):
            raise UserError(f"{option} is {path}, but you may not write in {place}; give another")
        if status:
            return


def _status(option: str, path: Path) -> os.stat_result | None:
    """What is at a path; None if there is nothing.

    Raises:
        UserError: if nothing could be, for the path's own sake.
    """
    try:
        return _stat(option, path)
    except FileNotFoundError:
        if path.is_symlink():
            raise UserError(f"{option} is {path}, a link to nothing; give another") from None
        return None
    except NotADirectoryError:
        return None  # a file above it, which is found there
    except PermissionError:
        raise UserError(f"{option} is {path}, where you may not look; ask its owner") from None


def _stat(option: str, path: Path) -> os.stat_result:
    try:
        return path.stat()
    except SAID_LATER:
        raise
    except OSError as error:  # a circle of links, a path of more than 4,096 bytes
        raise UserError(f"{option} is {path}: {error.strerror}; give another") from None


def _kind(status: os.stat_result) -> str:
    mode = status.st_mode
    if stat.S_ISDIR(mode):
        return "a folder"
    return "a file" if stat.S_ISREG(mode) else "a pipe, a socket or a device"
