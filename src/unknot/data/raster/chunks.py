"""Some pictures -> their rows of pixels, and what was found in them; the work of one thread."""

import hashlib
import tempfile
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from math import isfinite
from pathlib import Path
from typing import IO, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from PIL.Image import Image as Picture

from unknot.data.preparation import MAX_PIXELS, Preparation
from unknot.data.raster.heic import HeicReaders
from unknot.data.raster.picture_files import Frame, UnreadableImage, read_frames
from unknot.data.raster.pixels import draw, has_color, is_grey_frame, shrink_while_decoding, to_grey
from unknot.data.raster.value_ranges import Measured, ValueRange, find_range, merge

SPOOL_BYTES = 64 * 2**20  # of a chunk's rows; more, from files of many frames, go to the disk
DIGEST_BYTES = 16
LARGE_PIXELS = 16_000_000  # of a picture that has to wait for others of its size
NOTHING = np.empty((0, 0, 0), np.uint8)


@dataclass(frozen=True)
class Plan:
    """How pictures are decoded.

    Attributes:
        read: the bytes of picture number i.
        preparation: crop and size.
        frames: `first` or `all`.
        num_channels: 1, 3 or 4.
        checks_color: whether a picture in color is an error of the plan.
        ranges: black and white of values that are no bytes, by kind.
        heic: decodes HEIC.
        max_pixels: that one picture may have.
        large: held while a large picture is decoded: one at a time, whatever the threads.
    """

    read: Callable[[int], bytes]
    preparation: Preparation
    frames: str
    num_channels: int = 1
    checks_color: bool = False
    ranges: Mapping[str, ValueRange] = field(default_factory=dict)
    heic: HeicReaders | None = None
    max_pixels: int = MAX_PIXELS
    large: threading.Lock = field(default_factory=threading.Lock)

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Channels, height, width."""
        return self.preparation.image_shape(self.num_channels)


@dataclass
class Tally:
    """What was found in some pictures.

    Attributes:
        digests: of each picture, in order.
        rows: picture and frame of each row.
        unreadable: as in `Decoded`.
        passing: as in `Decoded`.
        measured: what values that are no bytes span, by kind.
        raw_rows: the rows of such values, by kind.
        stored_in_color: how many grey rows were stored in color.
        damaged: how many files have damaged metadata.
        with_frames: how many files hold several frames, of which one was taken.
        left_frames: how many of their frames were left.
    """

    digests: list[bytes] = field(default_factory=list)
    rows: list[tuple[int, int]] = field(default_factory=list)
    unreadable: dict[int, str] = field(default_factory=dict)
    passing: set[int] = field(default_factory=set)
    measured: dict[str, Measured] = field(default_factory=dict)
    raw_rows: dict[str, list[int]] = field(default_factory=dict)
    stored_in_color: int = 0
    damaged: int = 0
    with_frames: int = 0
    left_frames: int = 0

    def add(self, other: "Tally") -> None:
        """Append what was found in the pictures that come next."""
        for kind, rows in other.raw_rows.items():
            self.raw_rows.setdefault(kind, []).extend(len(self.rows) + row for row in rows)
        self.digests += other.digests
        self.rows += other.rows
        self.unreadable |= other.unreadable
        self.passing |= other.passing
        self.measured = merge([*self.measured.values(), *other.measured.values()])
        self.stored_in_color += other.stored_in_color
        self.damaged += other.damaged
        self.with_frames += other.with_frames
        self.left_frames += other.left_frames


class ColorFound(Exception):
    """A picture in color among those that were taken for grey."""


class Image(NamedTuple):
    """The image of one picture or frame.

    Attributes:
        pixels: shape `(channel, height, width)`.
        frame: its position in the file.
        num_frames: how many the file holds.
        measured: what its values span, where they are no bytes.
        was_in_color: whether it is grey, and was stored in color.
        is_damaged: whether its EXIF or color profile could not be used.
    """

    pixels: NDArray[np.uint8]
    frame: int
    num_frames: int
    measured: Measured | None
    was_in_color: bool
    is_damaged: bool


def decode_chunk(plan: Plan, folder: Path, indices: range) -> tuple[Tally, IO[bytes]]:
    """Decode some pictures.

    Args:
        plan: how.
        folder: for the rows, if they are many.
        indices: the positions of the pictures.

    Returns:
        What was found, and a file of the rows, in order.

    Raises:
        ColorFound: if the plan is wrong.
    """
    tally = Tally()
    rows = cast(IO[bytes], tempfile.SpooledTemporaryFile(SPOOL_BYTES, dir=str(folder)))  # noqa: SIM115
    for index in indices:
        digest, start = b"", rows.tell()
        try:
            content = read_content(plan, index)
            digest = digest_of(content)
            _decode_file(plan, index, content, tally, rows)
        except UnreadableImage as error:
            tally.unreadable[index] = str(error)
            if error.is_passing:
                tally.passing.add(index)
            rows.seek(start)
            rows.truncate()
        tally.digests.append(digest)
    return tally, rows


def read_content(plan: Plan, index: int) -> bytes:
    """Read the bytes of a picture.

    Raises:
        UnreadableImage: if they cannot be had.
    """
    try:
        return plan.read(index)
    except OSError as error:
        raise UnreadableImage(error.strerror or str(error), is_passing=True) from None


def digest_of(content: bytes) -> bytes:
    """Shorten a file's bytes to what tells it from others."""
    return hashlib.blake2b(content, digest_size=DIGEST_BYTES).digest()


def _decode_file(plan: Plan, index: int, content: bytes, tally: Tally, rows: IO[bytes]) -> None:
    """Write the rows of a file and take down what was found, once all of them could be read."""
    images = []
    for image in decode_images(plan, content):
        rows.write(np.ascontiguousarray(image.pixels).data)
        images.append(image._replace(pixels=NOTHING))
    for image in images:
        if image.measured:
            tally.measured = merge([*tally.measured.values(), image.measured])
            tally.raw_rows.setdefault(image.measured.kind, []).append(len(tally.rows))
        tally.stored_in_color += image.was_in_color
        tally.rows.append((index, image.frame))
    tally.damaged += any(image.is_damaged for image in images)
    left = images[0].num_frames - len(images)
    tally.with_frames += left > 0
    tally.left_frames += left


def decode_images(plan: Plan, content: bytes) -> Iterator[Image]:
    """Decode the picture, or all frames, of a file.

    Raises:
        UnreadableImage: if one of them cannot be read.
        ColorFound: if the plan is wrong.
    """
    waits: list[bool] = []

    def prepare_to_load(picture: Picture) -> None:
        shrink_while_decoding(picture, plan.preparation)
        if picture.width * picture.height > LARGE_PIXELS and not waits:
            waits.append(plan.large.acquire())

    try:
        for frame in read_frames(content, plan.frames, prepare_to_load, plan.heic, plan.max_pixels):
            yield _decode_frame(plan, frame)
    finally:
        if waits:
            plan.large.release()


def _decode_frame(plan: Plan, frame: Frame) -> Image:
    measured = _measure(frame)
    ranges = plan.ranges
    if measured and measured.kind not in ranges:  # until all pictures have been measured
        ranges = {measured.kind: find_range(measured)}
    is_checked = plan.checks_color and not is_grey_frame(frame)
    num_channels = 3 if is_checked else plan.num_channels
    pixels, is_profile_damaged = draw(frame, plan.preparation, num_channels, ranges)
    if is_checked and has_color(pixels):
        raise ColorFound
    return Image(
        pixels=to_grey(pixels) if is_checked else pixels,
        frame=frame.number,
        num_frames=frame.num_frames,
        measured=measured,
        was_in_color=is_checked,
        is_damaged=frame.is_metadata_damaged or is_profile_damaged,
    )


def _measure(frame: Frame) -> Measured | None:
    if not frame.raw:
        return None
    measured = frame.raw.measure()
    if not (isfinite(measured.low) and isfinite(measured.high)):
        raise UnreadableImage("holds values that are NaN or infinite")
    return measured
