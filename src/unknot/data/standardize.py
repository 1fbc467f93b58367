"""Scales pixels for training, and back.

`unit` is pixels in [0, 1]; `per_channel` and `per_pixel` give mean 0 and standard deviation 1 over
the training images, for each channel or for each pixel of each channel.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError

CHUNK, CHUNK_BYTES = 256, 2**24  # images, and bytes of pixels, that are held at once
STD_FLOOR = 2 / 255
"""Smallest standard deviation, in [0, 1] units: a pixel lit once must not become a spike."""


@dataclass(frozen=True)
class Moments:
    """Exact sums over images, per pixel.

    Attributes:
        num: how many images were added up.
        total: sum of the pixel values 0..255, int64, shape `(channel, height, width)`.
        total_squares: sum of their squares, likewise.
    """

    num: int
    total: NDArray[np.int64]
    total_squares: NDArray[np.int64]


def moments(images: NDArray[np.uint8], indices: NDArray[np.integer]) -> Moments:
    """Add up pixels and their squares in one streaming pass, in integers.

    Args:
        images: shape `(num, channel, height, width)`; may be a memory map.
        indices: which images, ascending for speed.
    """
    total = np.zeros(images.shape[1:], np.int64)
    total_squares = np.zeros(images.shape[1:], np.int64)
    chunk = min(CHUNK, max(1, CHUNK_BYTES // total.size))
    for start in range(0, len(indices), chunk):
        part = images[indices[start : start + chunk]]
        total += part.sum(axis=0, dtype=np.uint32)
        total_squares += np.square(part, dtype=np.uint16).sum(axis=0, dtype=np.uint32)
    return Moments(num=len(indices), total=total, total_squares=total_squares)


@dataclass(frozen=True)
class Standardizer:
    """The numbers of `(pixel / 255 - mean) / std`; the model applies them and their inverse.

    Attributes:
        kind: `per_pixel`, `per_channel` or `unit`.
        mean: in [0, 1] units, float32, shape `(channel, height, width)`.
        std: likewise, never below `STD_FLOOR` (exactly 1 for `unit`).
        num_floored: how many entries the floor raised.
    """

    kind: str
    mean: NDArray[np.float32]
    std: NDArray[np.float32]
    num_floored: int = 0


def fit_unit(moments: Moments) -> Standardizer:
    """Leave pixels in [0, 1]."""
    shape = moments.total.shape
    return Standardizer(
        kind="unit", mean=np.zeros(shape, np.float32), std=np.ones(shape, np.float32)
    )


def fit_per_channel(moments: Moments) -> Standardizer:
    """Give each channel mean 0 and standard deviation 1 over the training images."""
    axes = (1, 2)
    num = moments.num * moments.total[0].size
    fitted = _fit(
        "per_channel",
        num,
        moments.total.sum(axes, keepdims=True),
        moments.total_squares.sum(axes, keepdims=True),
    )
    shape = moments.total.shape
    return Standardizer(
        kind=fitted.kind,
        mean=np.broadcast_to(fitted.mean, shape).copy(),
        std=np.broadcast_to(fitted.std, shape).copy(),
        num_floored=fitted.num_floored,
    )


def fit_per_pixel(moments: Moments) -> Standardizer:
    """Give each pixel of each channel mean 0 and standard deviation 1 over the training images."""
    return _fit("per_pixel", moments.num, moments.total, moments.total_squares)


def _fit(
    kind: str, num: int, total: NDArray[np.int64], total_squares: NDArray[np.int64]
) -> Standardizer:
    # in Python's integers: the difference of two large numbers must stay exact
    variance = (num * total_squares.astype(object) - total.astype(object) ** 2).astype(np.float64)
    std = np.sqrt(variance) / num / 255
    floored = std < STD_FLOOR
    mean = total / num / 255
    std = np.where(floored, STD_FLOOR, std)
    return Standardizer(
        kind=kind,
        mean=mean.astype(np.float32),
        std=std.astype(np.float32),
        num_floored=int(floored.sum()),
    )


STANDARDIZERS = {"per_pixel": fit_per_pixel, "per_channel": fit_per_channel, "unit": fit_unit}


def fit_standardizer(kind: str, moments: Moments) -> Standardizer:
    """Fit the named standardization to the training images.

    Raises:
        UserError: if the name is unknown.
    """
    if kind not in STANDARDIZERS:
        raise UserError(f"standardize is {kind!r}; it can be {', '.join(STANDARDIZERS)}")
    return STANDARDIZERS[kind](moments)
