"""How a picture becomes an image of the set; a module of its own that imports nothing heavy.

The configuration and the command line's help read it.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from unknot.common.errors import UserError

SIZES = (28, 32, 64, 128)
SHARES = (80.0, 10.0, 10.0)
"""Of training, validation and test images, in percent, where no splits are given."""


@dataclass(frozen=True)
class Preparation:
    """How a picture becomes an image of the set."""

    size: int = 64
    """Height and width in pixels: 28, 32, 64 or 128."""
    crop: str = "auto"
    """`auto` (148 of CelebA's 178x218, otherwise the largest centered square), `none` (squeeze the
    whole picture), or the side of a centered square in pixels."""
    color: Literal["auto", "rgb", "grey"] = "auto"
    """`auto` is grey if all pictures are, by their mode or by their pixels."""

    def __post_init__(self) -> None:
        """Check every field."""
        if self.size not in SIZES:
            raise UserError(f"size is {self.size}; it can be {', '.join(map(str, SIZES))}")
        if self.color not in ("auto", "rgb", "grey"):
            raise UserError(f"color is {self.color!r}; it can be auto, rgb or grey")
        is_number = self.crop.isascii() and self.crop.isdigit() and int(self.crop) > 0
        if self.crop not in ("auto", "none") and not is_number:
            raise UserError(f"crop is {self.crop!r}; it can be auto, none or a number of pixels")

    def as_dict(self) -> dict[str, Any]:
        """Give the fields, for JSON."""
        return asdict(self)


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
