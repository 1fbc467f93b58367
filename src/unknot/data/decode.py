"""Encoded pictures -> pixels: a whole set, decoded in parallel threads into one file.

Pillow releases the interpreter lock while it decodes and resizes, so threads suffice. Whether the
set is grey, and where its values of more than eight bits end, is a property of all pictures: a
sample decides what to begin with, and a picture that does not fit begins it anew.
"""

import hashlib
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unknot.common.progress import Progress
from unknot.data.pixels import (
    DecodedPicture,
    DeepPicture,
    UnreadableImage,
    decode_picture,
    deep_extremes,
    without_warnings,
)
from unknot.data.preparation import Preparation
from unknot.data.value_range import Extremes, ValueRange, choose_range

Read = Callable[[int], bytes]

CHUNK = 64
SAMPLE = 64
DIM = 64  # of 255: where no pixel of a set is brighter, something may be wrong


@dataclass(frozen=True, eq=False)
class DecodedSet:
    """What was written, and what was seen.

    Attributes:
        image_shape: channels, height, width.
        rows: the picture that each written image is of, ascending.
        digests: of the bytes of each image's picture.
        unreadable: the reason for each picture that could not be read.
        passing: those of them whose reason may be gone the next time.
        notes: what the user should know, one line each.
    """

    image_shape: tuple[int, int, int]
    rows: list[int]
    digests: list[bytes]
    unreadable: dict[int, str]
    passing: frozenset[int]
    notes: tuple[str, ...]


@dataclass(frozen=True)
class _Plan:
    """How a set is decoded: its channels, and the range of values of more than eight bits."""

    num_channels: int
    is_forced: bool
    value_range: ValueRange | None = None


@dataclass
class _Seen:
    """What was seen in some pictures, in their order."""

    pixels: list[NDArray[np.uint8]] = field(default_factory=list)
    rows: list[int] = field(default_factory=list)
    digests: list[bytes] = field(default_factory=list)
    unreadable: dict[int, str] = field(default_factory=dict)
    passing: set[int] = field(default_factory=set)
    num_bad_metadata: int = 0
    num_grey_in_color: int = 0
    num_of_several: int = 0
    num_left: int = 0
    brightest: int = 0

    def add(self, index: int, digest: bytes, picture: DecodedPicture) -> None:
        """Take the images of one picture."""
        num = len(picture.pixels)
        self.pixels.append(picture.pixels)
        self.rows += [index] * num
        self.digests += [digest] * num
        self.num_bad_metadata += picture.bad_metadata
        self.num_grey_in_color += picture.is_grey_in_color
        self.num_of_several += picture.num_frames > 1
        self.num_left += picture.num_frames - num
        self.brightest = max(self.brightest, int(picture.pixels.max()))

    def join(self, others: "_Seen") -> None:
        """Take what was seen in later pictures, but their pixels, which are written."""
        self.rows += others.rows
        self.digests += others.digests
        self.unreadable |= others.unreadable
        self.passing |= others.passing
        self.num_bad_metadata += others.num_bad_metadata
        self.num_grey_in_color += others.num_grey_in_color
        self.num_of_several += others.num_of_several
        self.num_left += others.num_left
        self.brightest = max(self.brightest, others.brightest)


class _Colored(Exception):
    """A set that was taken to be grey has a colored picture."""


def decode_all(
    read: Read,
    num: int,
    preparation: Preparation,
    pixels: Path,
    *,
    frames: str = "first",
    workers: int | None = None,
    progress: Progress | None = None,
) -> DecodedSet:
    """Decode every picture into one file of uint8 pixels, a row per image.

    Rows are written, not mapped, so that a full disk is an error and not a crash. With
    `color="auto"` the images are grey if all pictures are, by their mode or by their pixels.

    Args:
        read: the bytes of picture number i; called from several threads.
        num: how many pictures there are.
        preparation: crop, size and color.
        pixels: the file to write.
        frames: `first`, or `all` pages or frames of files that hold several.
        workers: threads; by default one per core.
        progress: called after each chunk.
    """
    with without_warnings():
        plan = _first_plan(read, num, preparation)
        seen = None
        while seen is None:
            try:
                seen = _decode_by(plan, read, num, preparation, pixels, frames, workers, progress)
            except _Colored:
                plan = replace(plan, num_channels=3)
            except DeepPicture:
                plan = replace(plan, value_range=_range_of_all(read, num))
    return DecodedSet(
        image_shape=(plan.num_channels, preparation.size, preparation.size),
        rows=seen.rows,
        digests=seen.digests,
        unreadable=seen.unreadable,
        passing=frozenset(seen.passing),
        notes=_notes(seen, plan),
    )


def _first_plan(read: Read, num: int, preparation: Preparation) -> _Plan:
    """Plan by some pictures at random, the first and the last."""
    if preparation.color != "auto":
        return _Plan(1 if preparation.color == "grey" else 3, is_forced=True)
    rng = np.random.default_rng(0)
    sample = {0, num - 1, *rng.choice(num, min(num, SAMPLE), replace=False).tolist()}
    is_colored = [_is_colored(read, index, preparation) for index in sorted(sample)]
    known = [colored for colored in is_colored if colored is not None]
    return _Plan(1 if known and not any(known) else 3, is_forced=False)


def _is_colored(read: Read, index: int, preparation: Preparation) -> bool | None:
    """Whether a picture has colors; None if it cannot be read."""
    try:
        return decode_picture(read(index), preparation, 1, asks_range=True).is_colored
    except DeepPicture:
        return False
    except UnreadableImage:
        return None


def _range_of_all(read: Read, num: int) -> ValueRange:
    """Find the range of all pictures of more than eight bits."""
    joined: Extremes | None = None
    for index in range(num):
        try:
            extremes = deep_extremes(read(index))
        except UnreadableImage:
            continue
        if extremes is not None:
            joined = extremes.joined(joined)
    return choose_range(joined)


def _decode_by(
    plan: _Plan,
    read: Read,
    num: int,
    preparation: Preparation,
    pixels: Path,
    frames: str,
    workers: int | None,
    progress: Progress | None,
) -> _Seen:
    """Decode by a plan, a chunk of pictures a thread, and write the chunks in their order."""

    def work(start: int) -> _Seen:
        chunk = _Seen()
        for index in range(start, min(start + CHUNK, num)):
            try:
                content = read(index)
                picture = decode_picture(
                    content,
                    preparation,
                    plan.num_channels,
                    value_range=plan.value_range,
                    all_frames=frames == "all",
                    asks_range=True,
                )
            except UnreadableImage as error:
                chunk.unreadable[index] = str(error)
                if error.is_passing:
                    chunk.passing.add(index)
                continue
            if picture.is_colored and plan.num_channels == 1 and not plan.is_forced:
                raise _Colored
            chunk.add(index, hashlib.blake2b(content, digest_size=16).digest(), picture)
        if chunk.pixels:  # in one piece, by this thread and not by the one that writes
            chunk.pixels = [np.ascontiguousarray(np.concatenate(chunk.pixels))]
        return chunk

    seen = _Seen()
    with pixels.open("wb") as file, ThreadPoolExecutor(workers or os.cpu_count()) as pool:
        try:
            for number, chunk in enumerate(pool.map(work, range(0, num, CHUNK)), 1):
                for images in chunk.pixels:
                    file.write(images.data)
                chunk.pixels.clear()
                seen.join(chunk)
                if progress:
                    progress("decoding", min(number * CHUNK, num), num)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return seen


def _notes(seen: _Seen, plan: _Plan) -> tuple[str, ...]:
    """Say what a user should know of the pictures."""
    notes = []
    if plan.value_range is not None and plan.value_range.note:
        notes.append(plan.value_range.note)
    if plan.num_channels == 1 and not plan.is_forced and seen.num_grey_in_color:
        notes.append(
            f"{seen.num_grey_in_color:,} pictures are stored in color, but all are grey: one "
            "channel is kept (--color rgb keeps three)"
        )
    if seen.num_bad_metadata:
        notes.append(
            f"{seen.num_bad_metadata:,} pictures have damaged metadata (EXIF or color profile): "
            "their pixels are used as they are"
        )
    if seen.num_left:
        notes.append(
            f"{seen.num_of_several:,} files hold several pages or frames: the first of each is "
            f"taken and {seen.num_left:,} are left (--frames all takes them)"
        )
    if seen.rows and seen.brightest < DIM:
        notes.append(
            f"no pixel is brighter than {seen.brightest} of 255: the files may hold values of "
            "fewer bits than they say"
        )
    return tuple(notes)
