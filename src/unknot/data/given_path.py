"""Paths as users give them: what is no plain file or folder is refused before it is opened."""

import errno
import os
import stat
from collections.abc import Callable
from functools import partial
from pathlib import Path

from unknot.common.errors import UserError
from unknot.common.reading import read_file

MAX_TABLE_BYTES = 256 * 2**20  # of a table of labels


def look_at(path: Path, *, takes_folders: bool = False, what: str = "") -> os.stat_result:
    """Look at a file that is to be read.

    Args:
        path: as the user gave it, links and all.
        takes_folders: whether it may be a folder.
        what: stands before the path in messages.

    Raises:
        UserError: if it is not there, may not be read, or is a pipe, a socket or a device, which
            could be waited for without end.
    """
    try:
        status = path.stat()
    except OSError as error:
        raise UserError(f"{what}{path} cannot be read: {_reason(error)}") from None
    except ValueError as error:  # no name of a file can hold NUL or half a character
        raise UserError(f"{what}{str(path)!r} cannot be read: {error}") from None
    if stat.S_ISDIR(status.st_mode) and not takes_folders:
        raise UserError(f"{what}{path} is a folder; give a file")
    if not (stat.S_ISREG(status.st_mode) or stat.S_ISDIR(status.st_mode)):
        raise UserError(f"{what}{path} is a pipe, a socket or a device; give a plain file")
    if not os.access(path, os.R_OK):
        raise unreadable_error(path, what)
    return status


def unreadable_error(path: Path, what: str = "") -> UserError:
    """Say that a file's permissions keep it from being read; nothing is wrong with its content."""
    return UserError(
        f"{what}{path} may not be read by you; ask its owner for permission (chmod +r)"
    )


def _reason(error: OSError) -> str:
    if error.errno == errno.ELOOP:
        return "its links lead in a circle"
    return error.strerror or str(error)


def table_reader(path: Path) -> Callable[[], bytes]:
    """Make what reads the bytes of a table of labels, within limits."""
    return partial(read_file, path, most_bytes=MAX_TABLE_BYTES)
