"""Values that are no bytes: which one is black and which one white, the same in a whole set.

Cameras and microscopes store 10, 12 or 14 bits in files of 16, others signed or floating-point
numbers. Nothing but the values themselves tells which, so all pictures of a kind are measured, and
what was taken is said.
"""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

DEPTHS = (8, 10, 12, 14, 16, 24, 32)
"""Bits that a value is taken to have, the smallest that hold the largest value."""
FULL_16_BITS = 2**16 - 1
FLOAT = "floating-point"
FLOAT_RANGES = ((0, 1), (-1, 1), (0, 255))
"""What floating-point pictures usually lie in; others are stretched between their extremes."""
MAX_VALUES = 2**22  # that are scaled at once
HALF_A_LEVEL = 0.5 / 255  # of a range: values so far beyond it are rounded into it


class ValueRange(NamedTuple):
    """The value that becomes 0, and the one that becomes 255."""

    black: float
    white: float


class Measured(NamedTuple):
    """What the values of one or more pictures of a kind span.

    Attributes:
        kind: `16-bit`, `signed 8-bit`, `floating-point` and the like.
        low: their smallest value.
        high: their largest value, transparency apart.
        declared: the largest value that a file says that it can hold; 0 if none says.
    """

    kind: str
    low: float
    high: float
    declared: float = 0


class RawValues(NamedTuple):
    """A picture whose values are no bytes.

    Attributes:
        values: shape `(height, width)` or `(height, width, channel)` of 1 to 4 channels; the second
            or fourth is opacity.
        kind: as in `Measured`.
        declared: as in `Measured`.
        white_is_low: whether the lowest value is white.
        transparent: the value that is transparent; None if there is none.
    """

    values: NDArray[Any]
    kind: str
    declared: float = 0
    white_is_low: bool = False
    transparent: int | tuple[int, ...] | None = None

    def measure(self) -> Measured:
        """Find the smallest and largest value; NaN or infinite if one of them is."""
        colors, _ = self._split()
        low, high = float(colors.min()), float(colors.max())
        return Measured(kind=self.kind, low=low, high=high, declared=self.declared)

    def to_picture(self, value_range: ValueRange) -> Image.Image:
        """Scale to bytes: a picture of mode L, LA, RGB or RGBA."""
        colors, opacity = self._split()
        levels = to_bytes(colors, value_range)
        if self.white_is_low:
            levels = 255 - levels
        if self.transparent is not None:
            matches = colors == np.asarray(self.transparent)
            levels[matches if matches.ndim == 2 else matches.all(axis=2)] = 255
        if opacity is None:
            return Image.fromarray(levels)
        full = max(value_range.white, FULL_16_BITS if opacity.max() > value_range.white else 1)
        parts = levels[..., None] if levels.ndim == 2 else levels
        alpha = to_bytes(opacity, ValueRange(0, full))
        return Image.fromarray(np.concatenate([parts, alpha[..., None]], axis=2))

    def _split(self) -> tuple[NDArray[Any], NDArray[Any] | None]:
        """Give the colors, and the opacity if there is one."""
        if self.values.ndim == 2 or self.values.shape[2] in (1, 3):
            squeezed = self.values.ndim == 3 and self.values.shape[2] == 1
            return (self.values[..., 0] if squeezed else self.values), None
        colors = self.values[..., :-1]
        return (colors[..., 0] if colors.shape[2] == 1 else colors), self.values[..., -1]


def to_bytes(values: NDArray[Any], value_range: ValueRange) -> NDArray[np.uint8]:
    """Scale values to 0 to 255; those outside the range end at its ends."""
    precise = np.dtype(np.float32 if values.dtype.itemsize <= 2 else np.float64)
    black, scale = value_range.black, 255 / (value_range.white - value_range.black)
    levels = np.empty(values.shape, np.uint8)
    rows = max(1, MAX_VALUES // max(1, values[:1].size))
    for start in range(0, len(values), rows):  # or a large picture takes memory many times
        precise_levels = (values[start : start + rows].astype(precise) - black) * scale
        levels[start : start + rows] = np.clip(np.rint(precise_levels), 0, 255)
    return levels


def merge(measured: Iterable[Measured]) -> dict[str, Measured]:
    """Put together what was measured: one entry a kind."""
    kinds: dict[str, Measured] = {}
    for new in measured:
        known = kinds.get(new.kind, new)
        kinds[new.kind] = Measured(
            kind=new.kind,
            low=min(known.low, new.low),
            high=max(known.high, new.high),
            declared=max(known.declared, new.declared),
        )
    return kinds


def find_range(measured: Measured) -> ValueRange:
    """Choose black and white for all pictures of a kind; no value that was measured is cut off."""
    low, high = measured.low, measured.high
    if measured.kind == FLOAT:
        for black, white in FLOAT_RANGES:
            spare = (white - black) * HALF_A_LEVEL
            if black - spare <= low and high <= white + spare:
                return ValueRange(black, white)
    if measured.kind == FLOAT or low < 0:
        return ValueRange(low, high if high > low else low + 1)
    return ValueRange(0, 2 ** _num_bits(max(high, measured.declared)) - 1)


def usual_range(kind: str) -> ValueRange:
    """Give black and white where no set of pictures is known: those of the values' type."""
    return ValueRange(0, 1) if kind == FLOAT else ValueRange(0, FULL_16_BITS)


def find_ranges(kinds: Mapping[str, Measured]) -> dict[str, ValueRange]:
    """Choose black and white for every kind."""
    return {kind: find_range(measured) for kind, measured in kinds.items()}


def describe_range(measured: Measured, what: str = "files") -> str:
    """Say in a line what was taken for black and white; nothing where it is as the files say.

    Args:
        measured: all pictures of a kind.
        what: holds the values.
    """
    black, white = find_range(measured)
    if measured.kind != FLOAT and black == 0:
        num_bits = _num_bits(max(measured.high, measured.declared))
        if measured.kind == f"{num_bits}-bit":
            return ""
        return (
            f"{measured.kind} {what} whose values end at {measured.high:,.0f}: "
            f"taken as {num_bits} bits"
        )
    if measured.kind == FLOAT and (black, white) in FLOAT_RANGES:
        return f"floating-point {what} whose values lie in {black:g} to {white:g}: taken as such"
    return (
        f"{measured.kind} {what}: their smallest value {_in_words(measured.low)} is black, "
        f"their largest {_in_words(measured.high)} white"
    )


def _in_words(value: float) -> str:
    return f"{value:,.0f}" if value.is_integer() else f"{value:,.4g}"


def _num_bits(high: float) -> int:
    return next((bits for bits in DEPTHS if high < 2**bits), DEPTHS[-1])
