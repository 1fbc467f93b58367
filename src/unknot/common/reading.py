"""Reads files that somebody else may have made: regular ones, within limits, in their own folder.

A message says what, where, and what to do. Only a file whose content is wrong is called damaged.
What to do depends on the file, so whoever reads it gives the remedy.
"""

import errno
import io
import json
import os
import stat
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError

MOST_BYTES = 2 << 30  # of any file but images; larger ones are not ours
MOST_JSON_BYTES = 256 << 20  # evidence of a thousand runs has 20 MB
MOST_ARRAY_BYTES = 1 << 30  # of an npz when it is unpacked
AGAIN = "delete it and run again"
INCOMPLETE = "the folder is incomplete"


class UnfitError(ValueError):
    """A field of a document holds something else than it should; the message says which."""


class DamageError(UserError):
    """A file is missing, or its content is not what was written: it may be made again.

    One that may not be read, lies elsewhere or is no file is another matter: it may be whole.

    Args:
        what: is wrong with which file.
        remedy: what to do.

    Attributes:
        what: likewise, for who makes the file again.
    """

    def __init__(self, what: str, remedy: str) -> None:
        self.what = what
        super().__init__(f"{what}; {remedy}")

    def __reduce__(self) -> tuple[type, tuple[str, str]]:
        """Give what it is made of, for another process."""
        return type(self), (self.what, str(self)[len(self.what) + 2 :])


def read_file(
    path: Path,
    *,
    within: Path | None = None,
    most_bytes: int = MOST_BYTES,
    remedy: str = INCOMPLETE,
) -> bytes:
    """Read a regular file.

    Args:
        path: of the file.
        within: the folder that it must lie in once every link is followed; by default anywhere.
        most_bytes: a larger file is refused.
        remedy: what to do if it is missing.

    Raises:
        DamageError: if it is missing.
        UserError: if it may not be read, is no regular file, lies elsewhere, or is too large.
    """
    with opened_file(path, within=within, remedy=remedy) as file:
        return _read_within_limit(path, file, most_bytes)


class Stamp(NamedTuple):
    """What changes when a file does."""

    nanoseconds: int
    size: int
    inode: int


def file_stamp(path: Path) -> Stamp | None:
    """Tell when a file was written; None where there is none."""
    try:
        status = path.stat()
    except OSError:
        return None
    return Stamp(nanoseconds=status.st_mtime_ns, size=status.st_size, inode=status.st_ino)


@contextmanager
def opened_file(
    path: Path, *, within: Path | None = None, remedy: str = INCOMPLETE
) -> Iterator[BinaryIO]:
    """Open a regular file for reading, for a part of it.

    Args:
        path: of the file.
        within: as `read_file` has it.
        remedy: likewise.

    Raises:
        UserError: as of `read_file`.
    """
    if within is not None:
        check_within(path, within)
    try:
        with open(path, "rb", opener=_open_at_once) as file:
            _check_regular(path, file)
            yield file
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            raise DamageError(f"{path} is missing", remedy) from None
        raise UserError(_unreadable(path, error)) from None


def _open_at_once(path: str, flags: int) -> int:
    """Open a file, and a pipe or a device without waiting for somebody who writes to it."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0))


def _check_regular(path: Path, file: BinaryIO) -> None:
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        raise UserError(f"{path} is not a regular file; move it away and run again")


def _read_within_limit(path: Path, file: BinaryIO, most_bytes: int) -> bytes:
    status = os.fstat(file.fileno())
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


def read_json(
    path: Path, *, within: Path | None = None, remedy: str = AGAIN, with_nan: bool = True
) -> Any:
    """Read a JSON file.

    Args:
        path: of the file.
        within: as `read_file` has it.
        remedy: what to do if it is damaged.
        with_nan: whether NaN and infinities may stand in it.

    Raises:
        DamageError: if it is missing or is not JSON.
        UserError: as of `read_file`.
    """
    content = read_file(path, within=within, most_bytes=MOST_JSON_BYTES)
    return parse_json(content, path, remedy=remedy, with_nan=with_nan)


def parse_json(content: bytes, path: Path, *, remedy: str = AGAIN, with_nan: bool = True) -> Any:
    """Take a document out of the content of a JSON file.

    Args:
        content: of the file.
        path: it was read from, for errors.
        remedy: what to do if it is damaged.
        with_nan: whether NaN and infinities may stand in it.

    Raises:
        DamageError: if it is not JSON.
    """
    try:
        text = content.decode("utf-8")
        return json.loads(text, parse_constant=float if with_nan else _refuse_constant)
    except UnfitError as error:
        reason = str(error)
    except RecursionError:
        reason = "nested too deeply"
    except UnicodeDecodeError:
        reason = "not text in UTF-8"
    except json.JSONDecodeError as error:
        reason = f"not JSON from line {error.lineno} on" if content.strip() else "empty"
    except ValueError:  # an integer of thousands of digits
        reason = "a number that is too long"
    raise damage(path, reason, remedy)


def _refuse_constant(name: str) -> float:
    raise UnfitError(f"{name} where a number should be")


def read_arrays(
    path: Path, *, within: Path | None = None, remedy: str = AGAIN
) -> dict[str, NDArray[Any]]:
    """Read every array of an npz; nothing in it is ever unpickled.

    Args:
        path: of the file.
        within: as `read_file` has it.
        remedy: what to do if it is damaged.

    Raises:
        DamageError: if it is missing, damaged, too large or holds Python objects.
        UserError: as of `read_file`.
    """
    return parse_arrays(read_file(path, within=within), path, remedy=remedy)


def parse_arrays(content: bytes, path: Path, *, remedy: str = AGAIN) -> dict[str, NDArray[Any]]:
    """Take every array out of the content of an npz.

    Args:
        content: of the file.
        path: it was read from, for errors.
        remedy: what to do if it is damaged.

    Raises:
        DamageError: if it is no npz, would be too large or holds Python objects.
    """
    file = io.BytesIO(content)
    try:
        with zipfile.ZipFile(file) as archive:
            unpacked = sum(member.file_size for member in archive.infolist())
        if unpacked > MOST_ARRAY_BYTES:
            raise DamageError(
                f"{path} would unpack to {unpacked:,} bytes, more than {MOST_ARRAY_BYTES:,}",
                remedy,
            )
        file.seek(0)
        with np.load(file, allow_pickle=False) as stored:
            arrays = dict(stored)
    except UserError:
        raise
    except Exception:  # a file of a stranger's can make zipfile and NumPy raise almost anything
        raise damage(path, _no_arrays(content), remedy) from None
    if not all(isinstance(array, np.ndarray) for array in arrays.values()):
        raise damage(path, "something in it is not an array", remedy)
    return arrays


def _no_arrays(content: bytes) -> str:
    if not content:
        return "empty"
    return "an array in it cannot be unpacked" if content[:2] == b"PK" else "not an npz"


def damage(path: Path, reason: str, remedy: str = AGAIN) -> DamageError:
    """Make the error of a file whose content is wrong.

    Args:
        path: of the file.
        reason: what is wrong, in words.
        remedy: what to do.
    """
    return DamageError(f"{path} is damaged ({reason})", remedy)


@contextmanager
def damage_named(path: Path, remedy: str = AGAIN) -> Iterator[None]:
    """Name the file that a document was read from where the block finds that it does not fit.

    Args:
        path: of the file.
        remedy: what to do.

    Raises:
        DamageError: in the place of what Python raises for a field that is missing or another
            thing.
    """
    try:
        yield
    except UnfitError as error:
        reason = str(error)
    except KeyError as error:
        reason = f"no field {error}"
    except IndexError:
        reason = "a list in it is too short"
    except (TypeError, AttributeError, ValueError, OverflowError):
        reason = "a value in it is not of the kind that stands there"
    else:
        return
    raise damage(path, reason, remedy)


def _unreadable(path: Path, error: OSError) -> str:
    if error.errno == errno.EISDIR:
        return f"{path} is a folder where a file should be; move it away and run again"
    if error.errno in (errno.EACCES, errno.EPERM):
        return f"{path} may not be read by you; ask its owner for permission (chmod +r)"
    return f"{path} cannot be read ({error.strerror}); try again, or look at the disk"
