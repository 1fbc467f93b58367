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
from unknot.data.preparation import CHANNELS, COLORS, NUM_CHANNELS, Preparation
from unknot.data.raster.picture_files import UnreadableImage
from unknot.data.raster.pixels import crop_box, fit_channels, to_pixels
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
        image_shape: height, width, channels (1 to 4).
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


def has_channels_first(shape: tuple[int, ...]) -> bool:
    """Whether an array of images has its channels before height and width."""
    return len(shape) == 4 and shape[1] in CHANNELS and shape[3] not in CHANNELS


def prepared_shape(images: RasterImages, preparation: Preparation) -> tuple[int, int, int]:
    """Give channels, height and width that the prepared images have.

    Two and four channels are no colors, and stay as they are.

    Raises:
        UserError: if they shall become colors.
    """
    stored, color = images.image_shape[2], preparation.color
    check_color(images.name, stored, color)
    return preparation.image_shape(stored if color == "auto" else NUM_CHANNELS[color])


def check_color(name: str, num_channels: int, color: str) -> None:
    """Check that images of so many channels can have the color that is asked for.

    Raises:
        UserError: if they have two or four channels, which stay as they are.
    """
    if num_channels in COLORS or color == "auto" or NUM_CHANNELS[color] == num_channels:
        return
    raise UserError(
        f"{name}: images of {num_channels} channels are taken as they are, and color is {color}; "
        "leave it at auto, or store one or three channels"
    )


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
    image_shape = prepared_shape(images, preparation)
    value_range, note = _range_of(images)
    as_stored = _is_as_stored(images, preparation, image_shape)
    digests: list[bytes] = []
    with pixels.open("wb") as file:
        for chunk in images.chunks():
            stored = chunk if value_range is None else to_bytes(chunk, value_range)
            fitted = _fit(stored, None if as_stored else preparation, image_shape[0])
            file.write(fitted.data)
            digests += [hashlib.blake2b(image.data, digest_size=16).digest() for image in fitted]
            if progress:
                progress("preparing", len(digests), images.num)
    notes = (f"{images.name}: {note}",) if note else ()
    return WrittenRasters(image_shape, digests, notes)


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
        return crop_box((width, height), preparation)
    except UnreadableImage as error:
        raise UserError(f"{images.name}: {error}; choose a smaller crop") from None


def _is_as_stored(
    images: RasterImages, preparation: Preparation, image_shape: tuple[int, int, int]
) -> bool:
    """Whether the images already are as the preparation wants them."""
    height, width, channels = images.image_shape
    box = _box(images, preparation)
    return (channels, height, width) == image_shape and box == (0, 0, width, height)


def _fit(
    images: NDArray[np.uint8], preparation: Preparation | None, channels: int
) -> NDArray[np.uint8]:
    """Crop and resize, if there is a preparation; channels to the front."""
    if images.ndim == 4 and images.shape[3] == 1:
        images = images[..., 0]
    if preparation and images.ndim == 4 and images.shape[3] not in COLORS:
        return np.ascontiguousarray([fit_channels(image, preparation) for image in images])
    if preparation:
        pictures = map(Image.fromarray, np.ascontiguousarray(images))
        fitted = [to_pixels(picture, preparation, channels) for picture in pictures]
        return np.ascontiguousarray(fitted)
    channels_first = images[:, None] if channels == 1 else images.transpose(0, 3, 1, 2)
    return np.ascontiguousarray(channels_first)
