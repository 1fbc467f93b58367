"""Colors of decoded pictures: profiles applied, transparency laid over white, grey recognized."""

import io
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageCms

GREY_TOLERANCE = 2
"""Levels by which the channels of a grey picture that was stored in color may differ."""


class BadProfile(Exception):
    """A color profile cannot be used."""


def is_grey_mode(mode: str) -> bool:
    """Tell whether Pillow's name of a mode is one without colors."""
    return mode in ("1", "L", "LA", "La", "F") or mode.startswith("I")


def is_grey(pixels: NDArray[np.uint8]) -> bool:
    """Tell whether the channels are alike everywhere; shape `(height, width, 3)`."""
    spread = pixels.max(2).astype(np.int16) - pixels.min(2)
    return bool(spread.max() <= GREY_TOLERANCE)


def to_plain_mode(picture: Image.Image) -> Image.Image:
    """Convert to L, RGB or CMYK, transparent parts laid over white."""
    if picture.has_transparency_data:
        with_alpha = picture.convert("RGBA")
        white = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(white, with_alpha).convert("RGB")
    if picture.mode == "LAB":
        transform = _from_lab()
        return ImageCms.applyTransform(picture, transform) or picture
    if picture.mode in ("L", "RGB", "CMYK"):
        return picture
    return picture.convert("L" if is_grey_mode(picture.mode) else "RGB")


def apply_profile(picture: Image.Image, profile: bytes) -> Image.Image:
    """Convert colors to sRGB by the profile that came with them.

    Args:
        picture: of mode L, RGB or CMYK.
        profile: an ICC profile.

    Raises:
        BadProfile: if it is damaged, or one of another kind of picture.
    """
    transform = _to_srgb(profile, picture.mode)
    if transform is None:
        return picture
    converted = ImageCms.applyTransform(picture, transform)
    return picture if converted is None else converted


@lru_cache(maxsize=64)
def _to_srgb(profile: bytes, mode: str) -> Any:
    """Make the transform of a profile; None where it changes nothing."""
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if mode != "CMYK" and "srgb" in ImageCms.getProfileDescription(opened).lower():
            return None
        return ImageCms.buildTransform(opened, _srgb(), mode, "RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError) as error:
        raise BadProfile(str(error)) from None


@lru_cache(maxsize=1)
def _srgb() -> Any:
    return ImageCms.createProfile("sRGB")


@lru_cache(maxsize=1)
def _from_lab() -> Any:
    return ImageCms.buildTransform(ImageCms.createProfile("LAB"), _srgb(), "LAB", "RGB")
