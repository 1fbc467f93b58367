"""Images that lie as plain numbers in a file: scaled to bytes, fitted, written some at a time."""

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from math import inf, isfinite, nan
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unknot.common.errors import UserError
from unknot.common.progress import Progress
from unknot.data.preparation import Preparation
from unknot.data.raster.picture_files import UnreadableImage
from unknot.data.raster.pixels import crop_box, to_pixels
from unknot.data.raster.value_ranges import (
    FLOAT,
    Measured,
    ValueRange,
    describe_range,
    find_range,
    to_bytes,
)
from unknot.data.splits import SPLITS

BINARY = ValueRange(0, 1)


@dataclass(frozen=True, eq=False)
class RasterImages:
    """Images as numbers, read some at a time.

    Attributes:
        name: of the array or file, for messages.
        num: how many there are.
        image_shape: height, width, channels (1, 3 or 4).
        dtype: of the numbers.
        chunks: reads them in order: `(n, height, width)` or `(n, height, width, channels)`.
        is_dsprites: whether they are dSprites', all of whose pixels are 0 or 1.
    """

    name: str
    num: int
    image_shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    chunks: Callable[[], Iterator[NDArray[Any]]]
    is_dsprites: bool = False


@dataclass(frozen=True)
class WrittenRasters:
    """What was written: channels, height and width, a digest of each image, and what to say."""

    image_shape: tuple[int, int, int]
    digests: list[bytes]
    notes: tuple[str, ...]


def check_rasters(images: RasterImages, preparation: Preparation) -> None:
    """Check that images can be used before any is read.

    Raises:
        UserError: if their numbers are none, they are too few, or smaller than the crop.
    """
    if images.dtype.kind not in "buif":
        raise UserError(f"{images.name} holds {images.dtype}; store whole numbers or float")
    if images.num < len(SPLITS):
        raise UserError(
            f"{images.name} holds {images.num} image(s); training, validation and test need at "
            "least one each"
        )
    _box(images, preparation)


def num_channels(images: RasterImages, preparation: Preparation) -> int:
    """Give the number of channels that the prepared images have."""
    if preparation.color == "auto":
        return 1 if images.image_shape[2] == 1 else 3
    return 1 if preparation.color == "grey" else 3


def write_rasters(
    images: RasterImages, preparation: Preparation, pixels: Path, progress: Progress | None = None
) -> WrittenRasters:
    """Write every image, prepared.

    Numbers of more than eight bits, signed and floating-point ones are scaled by one range for all
    of them, which is found in a first pass.

    Raises:
        UserError: if some are no numbers, or an image cannot be used.
    """
    check_rasters(images, preparation)
    channels = num_channels(images, preparation)
    value_range, note = _range_of(images)
    as_stored = _is_as_stored(images, preparation, channels)
    digests: list[bytes] = []
    with pixels.open("wb") as file:
        for chunk in images.chunks():
            stored = chunk if value_range is None else to_bytes(chunk, value_range)
            fitted = _fit(stored, None if as_stored else preparation, channels)
            file.write(fitted.data)
            digests += [hashlib.blake2b(image.data, digest_size=16).digest() for image in fitted]
            if progress:
                progress("preparing", len(digests), images.num)
    size = preparation.size
    notes = (f"{images.name}: {note}",) if note else ()
    return WrittenRasters((channels, size, size), digests, notes)


def _range_of(images: RasterImages) -> tuple[ValueRange | None, str]:
    """Find which numbers are black and white, and what to say of it.

    The range is None for bytes, which are taken as they are.
    """
    if images.is_dsprites:
        largest = max(int(chunk.max()) for chunk in images.chunks())
        if largest > 1:
            raise UserError(f"{images.name} holds {largest}; dSprites' are 0 or 1")
        return BINARY, ""
    is_bytes = images.dtype == np.uint8
    if images.dtype.kind == "b" or (is_bytes and all(c.max() <= 1 for c in images.chunks())):
        return BINARY, "every pixel is 0 or 1: 1 is taken for white"
    if is_bytes:
        return None, ""
    kind = FLOAT if images.dtype.kind == "f" else f"{8 * images.dtype.itemsize}-bit"
    measured = _measured(images, kind)
    if measured.high == measured.low:
        raise UserError(f"every pixel of {images.name} is {measured.low:g}; store the images again")
    return find_range(measured), describe_range(measured, "numbers")


def _measured(images: RasterImages, kind: str) -> Measured:
    """Find the smallest and the largest number of all images."""
    low, high = inf, -inf
    for chunk in images.chunks():
        low, high = min(low, float(chunk.min())), max(high, float(chunk.max()))
        if not (isfinite(chunk.min()) and isfinite(chunk.max())):
            low = nan
    if not (isfinite(low) and isfinite(high)):
        raise UserError(f"{images.name} holds NaN or infinity; store numbers")
    return Measured(kind, low, high)


def _box(images: RasterImages, preparation: Preparation) -> tuple[int, int, int, int]:
    height, width, _ = images.image_shape
    try:
        return crop_box((width, height), preparation.crop)
    except UnreadableImage as error:
        raise UserError(f"{images.name}: {error}; choose a smaller crop") from None


def _is_as_stored(images: RasterImages, preparation: Preparation, channels: int) -> bool:
    """Whether the images already are as the preparation wants them."""
    height, width, stored_channels = images.image_shape
    box, size = _box(images, preparation), preparation.size
    return stored_channels == channels and box == (0, 0, width, height) == (0, 0, size, size)


def _fit(
    images: NDArray[np.uint8], preparation: Preparation | None, channels: int
) -> NDArray[np.uint8]:
    """Crop and resize, if there is a preparation; channels to the front."""
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if preparation:
        pictures = map(Image.fromarray, np.ascontiguousarray(images))
        fitted = [to_pixels(picture, preparation, channels) for picture in pictures]
        return np.ascontiguousarray(fitted)
    channels_first = images[:, None] if channels == 1 else images.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(channels_first)
