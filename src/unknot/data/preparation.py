"""How a picture becomes an image of the set; a module of its own that imports nothing heavy.

The configuration and the command line's help read it.
"""

import re
from dataclasses import asdict, dataclass
from typing import Any, Literal

from unknot.common.errors import UserError

SMALLEST, LARGEST = 28, 256
MAX_PIXELS = 100_000_000
"""Of one picture that is read, where nothing else is asked for."""
SIZE = re.compile(r"(\d{2,3})(?:x(\d{2,3}))?", re.ASCII)
CROP = re.compile(r"0*[1-9]\d{0,8}", re.ASCII)
NUM_CHANNELS = {"auto": 1, "rgb": 3, "grey": 1, "rgba": 4}
"""Choice of color -> channels of a picture; of `auto` for those that are grey."""
COLORS, CHANNELS = (1, 3), (1, 2, 3, 4)
"""Numbers of channels that are grey or colors, and that arrays of images may have."""
SHARES = (80.0, 10.0, 10.0)
"""Of training, validation and test images, in percent, where no splits are given."""


@dataclass(frozen=True)
class Preparation:
    """How a picture becomes an image of the set."""

    size: int | str = 64
    """Height and width in pixels, each from 28 to 256: the side of a square as a number, others as
    `96x128`."""
    crop: str = "auto"
    """`auto` (148 of CelebA's 178x218 for squares, otherwise the largest centered part of the
    size's shape), `none` (squeeze the whole picture), or the side of a centered square in pixels.
    """
    color: Literal["auto", "rgb", "grey", "rgba"] = "auto"
    """`auto` is grey if all pictures are, by their mode or by their pixels; arrays of two or four
    channels stay as they are."""

    def __post_init__(self) -> None:
        """Check every field."""
        object.__setattr__(self, "size", plain_size(self.size))
        if self.color not in NUM_CHANNELS:
            raise UserError(f"color is {self.color!r}; it can be auto, rgb, grey or rgba")
        is_number = CROP.fullmatch(self.crop) is not None
        if self.crop not in ("auto", "none") and not is_number:
            raise UserError(f"crop is {self.crop!r}; it can be auto, none or a number of pixels")
        if is_number and not self.is_square:
            raise UserError(
                f"crop is {self.crop}, the side of a square, but size is {self.size}; with this "
                "size crop can be auto or none"
            )

    @property
    def height(self) -> int:
        """Height of the image in pixels."""
        return _sides(self.size)[0]

    @property
    def width(self) -> int:
        """Width of the image in pixels."""
        return _sides(self.size)[1]

    @property
    def is_square(self) -> bool:
        """Whether height and width are the same."""
        return self.height == self.width

    def image_shape(self, num_channels: int) -> tuple[int, int, int]:
        """Give channels, height and width of an image of so many channels."""
        return num_channels, self.height, self.width

    def as_dict(self) -> dict[str, Any]:
        """Give the fields, for JSON."""
        return asdict(self)


def plain_size(size: Any) -> int | str:
    """Write a size in the one way in which it is compared and recorded.

    Args:
        size: a number, or text such as `64` or `96x128`.

    Returns:
        The side of a square as a number; height and width of other images as text.

    Raises:
        UserError: if it is no size, or a side is not from 28 to 256.
    """
    height, width = _sides(size)
    return height if height == width else f"{height}x{width}"


def _sides(size: Any) -> tuple[int, int]:
    match = SIZE.fullmatch(str(size))
    height, width = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if min(height, width) < SMALLEST or max(height, width) > LARGEST:
        raise UserError(
            f"size is {size}; give a whole number of pixels from {SMALLEST} to {LARGEST}, or height"
            " x width such as 96x128"
        )
    return height, width


def parse_split(text: str) -> tuple[float, float, float] | None:
    """Read the option `split`.

    Args:
        text: `auto`, `hash`, or the shares of training, validation and test, as `60/20/20`.

    Returns:
        The shares in percent; None for `auto`, which keeps the splits that the images have.

    Raises:
        UserError: if it is none of these.
    """
    if text == "auto":
        return None
    if text == "hash":
        return SHARES
    try:
        train, validation, test = map(float, text.split("/"))
    except ValueError:
        train = validation = test = 0.0
    if min(train, validation, test) <= 0 or abs(train + validation + test - 100) > 1e-6:
        raise UserError(
            f"split is {text!r}; it can be auto, hash, or the shares of training, validation and "
            "test images in percent, such as 60/20/20"
        )
    return train, validation, test
