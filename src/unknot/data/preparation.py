"""How a picture becomes an image of the set; a module of its own that imports nothing heavy.

The configuration and the command line's help read it.
"""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from unknot.common.errors import UserError

SIZES = (32, 64, 128)


@dataclass(frozen=True)
class Preparation:
    """How a picture becomes an image of the set."""

    size: int = 64
    """Height and width in pixels: 32, 64 or 128."""
    crop: str = "auto"
    """`auto` (148 of CelebA's 178x218, otherwise the largest centered square), `none` (squeeze the
    whole picture), or the side of a centered square in pixels."""
    color: Literal["auto", "rgb", "grey"] = "auto"
    """`auto` is grey if 64 of the pictures, evenly spaced, all are."""

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
