"""Color profiles: pixels that are meant for another screen or for print become sRGB.

A profile is applied after the picture was resized: sixty times fewer pixels, and the same image
but for a level here and there.
"""

import io
from functools import lru_cache

import numpy as np
from PIL import Image, ImageCms

SPACES = {"GRAY": "L", "RGB": "RGB", "CMYK": "CMYK"}
"""A profile's name of its colors -> Pillow's."""
SAME_LEVELS = 3  # a profile that moves no color further is sRGB, stored by another program
CUBE = np.stack(np.meshgrid(*[np.linspace(0, 255, 9)] * 3), axis=-1).reshape(27, 27, 3)


def to_srgb(picture: Image.Image, profile: bytes) -> tuple[Image.Image, bool]:
    """Convert a picture from its color profile to sRGB.

    Args:
        picture: of mode L, RGB or CMYK.
        profile: as the file holds it.

    Returns:
        The picture, of mode RGB unless its profile changes nothing; and whether the profile could
        be used. One that is damaged, or describes another kind of picture, leaves it as it is.
    """
    mode, transform = _transform(profile)
    if mode == "RGB" and picture.mode == "L":  # a program that dropped the colors, not the profile
        return (picture, True) if transform is None else to_srgb(picture.convert("RGB"), profile)
    if mode != picture.mode:
        return picture, False
    if transform is None:
        return picture, True
    converted = ImageCms.applyTransform(picture, transform)
    return converted or picture, True


@lru_cache(maxsize=64)
def _transform(profile: bytes) -> tuple[str, ImageCms.ImageCmsTransform | None]:
    """Build what converts to sRGB: the mode it takes, empty if damaged; None if it is sRGB."""
    try:
        opened = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        mode = SPACES[opened.profile.xcolor_space.strip()]
        transform = ImageCms.buildTransform(opened, ImageCms.createProfile("sRGB"), mode, "RGB")
        is_srgb = mode != "CMYK" and _changes_nothing(transform, mode)
    except (ImageCms.PyCMSError, OSError, KeyError, ValueError, TypeError):
        return "", None
    return mode, None if is_srgb else transform


def _changes_nothing(transform: ImageCms.ImageCmsTransform, mode: str) -> bool:
    colors = Image.fromarray(CUBE.astype(np.uint8)).convert(mode)
    converted = ImageCms.applyTransform(colors, transform)
    assert converted is not None
    shift = np.asarray(converted).astype(int) - np.asarray(colors.convert("RGB"))
    return bool(np.abs(shift).max() <= SAME_LEVELS)
