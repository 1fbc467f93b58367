"""Color profiles."""

import pytest
from PIL import Image, ImageCms

from unknot.data.raster.color_profiles import to_srgb

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def test_the_profile_of_srgb_changes_nothing() -> None:
    green = Image.new("RGB", (4, 4), (0, 200, 0))
    assert to_srgb(green, SRGB) == (green, True)
    grey = Image.new("L", (4, 4), 90)
    assert to_srgb(grey, SRGB) == (grey, True)


def test_a_profile_whose_red_is_green_swaps_them() -> None:
    swapped = SRGB.replace(b"rXYZ", b"____").replace(b"gXYZ", b"rXYZ").replace(b"____", b"gXYZ")
    converted, is_usable = to_srgb(Image.new("RGB", (4, 4), (0, 200, 0)), swapped)
    red, green, _ = converted.getpixel((0, 0))
    assert is_usable
    assert red > 190
    assert green < 10


@pytest.mark.parametrize(
    ("mode", "profile"),
    [
        ("RGB", b"no profile"),
        ("CMYK", SRGB),
        ("RGB", ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()),
    ],
)
def test_a_profile_that_cannot_be_used(mode: str, profile: bytes) -> None:
    picture = Image.new(mode, (4, 4))
    assert to_srgb(picture, profile) == (picture, False)
