"""What every benchmark in a format of its own is read into, and how its files are read."""

import gzip
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.data.sources.array_images import RasterImages
from unknot.data.splits import TEST, TRAIN

MAX_PACKED = 1_100  # times larger than the packed file is what gzip can hold


@dataclass(frozen=True, eq=False)
class RasterSet:
    """A benchmark: its images, and what is known of each.

    Attributes:
        kind: what it is, for people.
        images: read some at a time.
        factors: shape `(num, num_factors)`.
        factor_names: one per column.
        factor_levels: the text of each number, of a factor that was text.
        split: positions in `SPLITS`, int8, where the set has its own.
        notes: what the user should know, one line each.
    """

    kind: str
    images: RasterImages
    factors: NDArray[np.float64]
    factor_names: tuple[str, ...]
    factor_levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    split: NDArray[np.int8] | None = None
    notes: tuple[str, ...] = ()


def train_and_test(is_test: Sequence[bool], nums: Sequence[int]) -> NDArray[np.int8] | None:
    """Keep training and test apart where both are there."""
    if len(set(is_test)) < 2:
        return None
    return np.repeat(np.array([TEST if test else TRAIN for test in is_test], np.int8), nums)


def opened(path: Path) -> IO[bytes]:
    """Open a file, and unpack it if its name ends in `.gz`."""
    packed = path.name.lower().endswith(".gz")
    return gzip.open(path) if packed else path.open("rb")  # type: ignore[return-value]


def damaged_error(path: Path, why: str) -> UserError:
    """Say that a file is damaged, and how that was seen."""
    return UserError(f"{path} is damaged: {why}; download it again")


def check_length(path: Path, num_bytes: int) -> None:
    """Check that a file can hold so many bytes, before room is made for them.

    Raises:
        UserError: if it cannot: its header lies, or it ends early.
    """
    times = MAX_PACKED if path.name.lower().endswith(".gz") else 1
    if num_bytes > times * path.stat().st_size:
        raise damaged_error(path, "it ends early")


def take_bytes(path: Path, file: IO[bytes], num: int) -> bytes:
    """Read so many bytes, or say that the file ends early."""
    try:
        content = file.read(num)
    except (OSError, EOFError, zlib.error) as error:
        raise damaged_error(path, str(error)) from None
    if len(content) < num:
        raise damaged_error(path, "it ends early")
    return content
