"""What is not read of a file of arrays: Python objects, what does not fit, what is hardly there."""

from collections.abc import Iterator
from contextlib import contextmanager
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from unknot.common.errors import UserError
from unknot.data.given_path import unreadable_error

MAX_WHOLE_BYTES = 2**30  # of what is read whole
MAX_UNPACKED_BYTES, MAX_PACKING = 2**30, 600  # bytes, and times the packed ones; dSprites: 116


class Header(NamedTuple):
    """What is known of an array before it is read.

    Attributes:
        shape: the axis that counts the images first.
        dtype: of its values.
        fortran: whether it is stored column by column.
        is_turned: whether the axis that counts the images is stored as the last one.
    """

    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    fortran: bool = False
    is_turned: bool = False


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn what damaged files raise, which can be anything, into one line."""
    try:
        yield
    except UserError:
        raise
    except PermissionError:
        raise unreadable_error(path) from None
    except Exception as error:
        why = " ".join(str(error).split()) or type(error).__name__
        raise UserError(f"{path} cannot be read: {why}; download it or write it again") from None


class UnreadArray(UserError):
    """An array that must not, or cannot, be read.

    Args:
        message: the line for the user.
        what: it holds, in a word or two.
    """

    def __init__(self, message: str, what: str) -> None:
        super().__init__(message)
        self.what = what


def check_whole(path: Path, key: str, header: Header) -> None:
    """Check that an array is not too large to be read whole.

    Raises:
        UserError: if it is; values of no bytes, such as empty texts, count as well.
    """
    num_bytes = prod(header.shape) * max(1, header.dtype.itemsize)
    if num_bytes > MAX_WHOLE_BYTES:
        raise UserError(
            f"{path}: {key} has shape {header.shape}, {num_bytes:,} bytes in all, more than the "
            f"{MAX_WHOLE_BYTES:,} that are read whole; leave it out, or name another"
        )


def check_packing(path: Path, key: str, num_bytes: int, packed_bytes: int) -> None:
    """Check that a file is not a few bytes that stand for very many.

    Args:
        path: of the file.
        key: of the array.
        num_bytes: that it has when it is unpacked.
        packed_bytes: that it takes in the file.

    Raises:
        UserError: if they are.
    """
    if num_bytes > MAX_UNPACKED_BYTES and num_bytes > MAX_PACKING * packed_bytes:
        raise UserError(
            f"{path}: {key} would have {num_bytes:,} bytes, and {packed_bytes:,} in the file "
            f"stand for them: hardly any image is stored; write it again with its images"
        )


def objects_error(path: Path, key: str) -> UnreadArray:
    """Say why an array of Python objects is not read."""
    return UnreadArray(
        f"{path}: {key} holds Python objects, which are never unpickled because they can run "
        "code; save it as numbers or text",
        "Python objects",
    )
