"""Values of more than eight bits: which of them are black and white, for a whole set of pictures.

A 16-bit file may hold 10, 12 or 14 bits, a 32-bit file eight, and floating-point pixels may lie
anywhere. One range is found for all pictures of a set, so that they stay comparable.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

DEPTHS = (8, 10, 12, 14, 16)
"""Bits that sensors and files have."""
MAX_SAMPLE_TAG, BITS_TAG = 281, 258  # of TIFF
ROUNDING = 1e-6


@dataclass(frozen=True)
class ValueRange:
    """Which value is black and which is white.

    Attributes:
        low: becomes 0.
        high: becomes 255.
        note: what to tell of it; empty where it is what anybody would expect.
    """

    low: float
    high: float
    note: str = ""


SIXTEEN_BITS = ValueRange(0, 65535)
UNIT = ValueRange(0, 1)


@dataclass(frozen=True)
class Extremes:
    """The least and largest value of some pictures, and the largest that they say they can have.

    Attributes:
        low: least value.
        high: largest value.
        declared: the largest that any of them declares; 0 where none does.
        is_float: whether some hold floating-point numbers.
    """

    low: float
    high: float
    declared: float = 0.0
    is_float: bool = False

    def joined(self, other: "Extremes | None") -> "Extremes":
        """Put those of other pictures to these."""
        if other is None:
            return self
        return Extremes(
            low=min(self.low, other.low),
            high=max(self.high, other.high),
            declared=max(self.declared, other.declared),
            is_float=self.is_float or other.is_float,
        )


def is_deep(mode: str) -> bool:
    """Whether Pillow's name of a mode is one of more than eight bits."""
    return mode.startswith("I") or mode == "F"


def extremes_of_picture(picture: Image.Image, content: bytes = b"") -> Extremes | None:
    """Find the extremes of a loaded picture of more than eight bits; None of any other.

    Args:
        picture: loaded.
        content: the file it was read from, for what that declares.
    """
    if not is_deep(picture.mode):
        return None
    extremes = extremes_of(np.asarray(picture))
    if extremes is None or picture.mode == "F":
        return extremes
    return extremes.joined(Extremes(extremes.low, extremes.high, _declared(picture, content)))


def extremes_of(values: NDArray[Any]) -> Extremes | None:
    """Find the extremes of an array; None if it holds no finite value."""
    if not values.size:
        return None
    low, high = float(values.min()), float(values.max())
    if not (math.isfinite(low) and math.isfinite(high)):
        return None
    return Extremes(low, high, is_float=values.dtype.kind == "f")


def choose_range(extremes: Extremes | None) -> ValueRange:
    """Choose one range for pictures of more than eight bits.

    Integers end at the depth that the files declare, or at the least one that holds all values;
    signed ones and floating-point numbers outside the usual ranges are taken from their least to
    their largest.
    """
    if extremes is None:
        return SIXTEEN_BITS
    low, high = extremes.low, extremes.high
    if extremes.is_float:
        return _float_range(low, high)
    top = max(high, extremes.declared)
    if low < 0 or top > 65535:
        return _whole_range("values", low, high)
    depth = next(depth for depth in DEPTHS if top <= 2**depth - 1)
    if depth == 16:
        return SIXTEEN_BITS
    white = 2**depth - 1
    return ValueRange(
        0, white, f"values of more than 8 bits end at {top:,.0f}: {white:,} is taken for white"
    )


def _float_range(low: float, high: float) -> ValueRange:
    if low >= -ROUNDING and high <= 1 + ROUNDING:
        return UNIT
    if low >= -1 - ROUNDING and high <= 1 + ROUNDING:
        return ValueRange(-1, 1, "floating-point values are taken to go from -1 to 1")
    if low >= -ROUNDING and high <= 255 + ROUNDING:
        return ValueRange(0, 255, "floating-point values are taken to go from 0 to 255")
    return _whole_range("floating-point values", low, high)


def _whole_range(what: str, low: float, high: float) -> ValueRange:
    return ValueRange(
        low,
        high,
        f"{what} go from {low:g} to {high:g}: the least is taken for black, the largest for white",
    )


def to_bytes(values: NDArray[Any], value_range: ValueRange) -> NDArray[np.uint8]:
    """Scale values to 0 to 255; those outside the range end at its ends."""
    span = value_range.high - value_range.low or 1.0
    if value_range == SIXTEEN_BITS:
        return (np.clip(values, 0, 65535).astype(np.int64) // 257).astype(np.uint8)
    scaled = (values.astype(np.float64) - value_range.low) * (255 / span)
    return (np.clip(scaled, 0, 255) + 0.5).astype(np.uint8)


def _declared(picture: Image.Image, content: bytes) -> float:
    """The largest value that a file says its pixels can have; 0 if it says nothing."""
    tags = getattr(picture, "tag_v2", None)
    if tags is not None:
        for tag, largest in ((MAX_SAMPLE_TAG, float), (BITS_TAG, lambda bits: 2.0**bits - 1)):
            value = tags.get(tag)
            value = value[0] if isinstance(value, tuple) and value else value
            if isinstance(value, int | float) and value > 0 and value not in (16, 32, 65535):
                return largest(value)
        return 0.0
    place = content.find(b"sBIT", 0, 4096)  # PNG's number of bits that count
    if content.startswith(b"\x89PNG") and place > 0 and 8 < content[place + 4] < 16:
        return 2.0 ** content[place + 4] - 1
    return 0.0
