"""Reads files that somebody else may have made: regular ones, within limits, in their own folder.

A message says what, where, and what to do. Only a file whose content is wrong is called damaged.
"""

import errno
import io
import json
import os
import stat
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError

MOST_BYTES = 2 << 30  # of any file but images; larger ones are not ours
MOST_JSON_BYTES = 256 << 20  # evidence of a thousand runs has 20 MB
MOST_ARRAY_BYTES = 8 << 30  # of an npz when it is unpacked
AGAIN = "delete it and run again"


def read_file(path: Path, *, within: Path | None = None, most_bytes: int = MOST_BYTES) -> bytes:
    """Read a regular file.

    Args:
        path: of the file.
        within: the folder that it must lie in once every link is followed; by default anywhere.
        most_bytes: a larger file is refused.

    Raises:
        UserError: if it is missing, may not be read, is no regular file, lies elsewhere, or is too
            large.
    """
    if within is not None:
        check_within(path, within)
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            return _read_within_limit(path, file, most_bytes)
    except OSError as error:
        raise UserError(_unreadable(path, error)) from None


def _open_at_once(path: str, flags: int) -> int:
    """Open a file, and a pipe or a device without waiting for somebody who writes to it."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _read_within_limit(path: Path, file: BinaryIO, most_bytes: int) -> bytes:
    status = os.fstat(file.fileno())
    if not stat.S_ISREG(status.st_mode):
        raise UserError(f"{path} is not a regular file; move it away and run again")
    if status.st_size > most_bytes:
        raise UserError(
            f"{path} has {status.st_size:,} bytes, more than the {most_bytes:,} that are read; "
            "move it away and run again"
        )
    return file.read(status.st_size)  # with more asked for, room is made for all of it


def check_within(path: Path, folder: Path) -> None:
    """Check that a file or folder lies in a folder once every link is followed.

    Raises:
        UserError: if a link leads out of it, or in a circle.
    """
    try:
        place, root = path.resolve(strict=False), folder.resolve(strict=False)
    except (OSError, RuntimeError) as error:  # RuntimeError: a circle of links, before Python 3.13
        raise UserError(f"{path} cannot be followed ({error}); move it away") from None
    if not place.is_relative_to(root):
        raise UserError(
            f"{path} is a link to {place}, outside {folder}; nothing is read through it: put the "
            "file itself there, or delete the link"
        )


def read_json(path: Path, *, within: Path | None = None) -> Any:
    """Read a JSON file.

    Args:
        path: of the file.
        within: as `read_file` has it.

    Raises:
        UserError: as of `read_file`, or if it is not JSON.
    """
    content = read_file(path, within=within, most_bytes=MOST_JSON_BYTES)
    with damage_named(path), _deep_nesting_named(path):
        return json.loads(content.decode("utf-8"))


def read_arrays(path: Path, *, within: Path | None = None) -> dict[str, NDArray[Any]]:
    """Read every array of an npz; nothing in it is ever unpickled.

    Args:
        path: of the file.
        within: as `read_file` has it.

    Raises:
        UserError: as of `read_file`, or if it is damaged, too large or holds Python objects.
    """
    content = io.BytesIO(read_file(path, within=within))
    try:
        with zipfile.ZipFile(content) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > MOST_ARRAY_BYTES:
            raise UserError(
                f"{path} would unpack to {unpacked:,} bytes, more than {MOST_ARRAY_BYTES:,}; "
                f"{AGAIN}"
            )
        content.seek(0)
        with np.load(content, allow_pickle=False) as stored:
            return dict(stored)
    except (
        ValueError,
        EOFError,
        OSError,
        KeyError,
        NotImplementedError,
        RuntimeError,
        zipfile.BadZipFile,
        zlib.error,
    ) as error:
        raise UserError(f"{path} is damaged: {error}; {AGAIN}") from None


@contextmanager
def damage_named(path: Path) -> Iterator[None]:
    """Name the file that a document was read from where the block finds that it does not fit.

    Raises:
        UserError: in the place of what Python raises for a field that is missing or another thing.
    """
    try:
        yield
    except (KeyError, IndexError, TypeError, AttributeError, ValueError, OverflowError) as error:
        reason = f"{type(error).__name__}: {error}"
        raise UserError(f"{path} is damaged ({reason}); {AGAIN}") from None


@contextmanager
def _deep_nesting_named(path: Path) -> Iterator[None]:
    try:
        yield
    except RecursionError:
        raise UserError(f"{path} is damaged (nested too deeply); {AGAIN}") from None


def _unreadable(path: Path, error: OSError) -> str:
    if error.errno == errno.EISDIR:
        return f"{path} is a folder where a file should be; move it away and run again"
    if error.errno == errno.ENOENT:
        return f"{path} is missing; the folder is incomplete"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{path} may not be read by you; ask its owner for permission (chmod +r)"
    return f"{path} cannot be read ({error.strerror}); try again, or look at the disk"
