"""Colors of decoded pictures."""

import numpy as np
import pytest
from PIL import Image, ImageCms

from unknot.data.colors import BadProfile, apply_profile, is_grey, is_grey_mode, to_plain_mode


@pytest.mark.parametrize("mode", ["1", "L", "LA", "I;16", "I", "F"])
def test_modes_without_colors(mode: str) -> None:
    assert is_grey_mode(mode)


def test_grey_pixels_may_differ_by_rounding() -> None:
    pixels = np.full((4, 4, 3), 100, np.uint8)
    pixels[..., 1] += 2
    assert is_grey(pixels)
    pixels[0, 0, 2] = 110
    assert not is_grey(pixels)


def test_transparent_parts_lie_over_white() -> None:
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([255, 0, 0])
    palette.info["transparency"] = 0
    assert to_plain_mode(palette).getpixel((0, 0)) == (255, 255, 255)
    assert to_plain_mode(Image.new("LA", (4, 4), (0, 0))).getpixel((0, 0)) == (255, 255, 255)


@pytest.mark.parametrize("mode", ["1", "L", "RGB", "CMYK", "YCbCr", "HSV", "LAB", "P"])
def test_every_mode_becomes_plain(mode: str) -> None:
    plain = to_plain_mode(Image.new(mode, (4, 4)))
    assert plain.mode in ("L", "RGB", "CMYK")


def test_white_of_lab_is_white() -> None:
    assert min(to_plain_mode(Image.new("LAB", (2, 2), (255, 128, 128))).getpixel((0, 0))) > 245


def test_a_profile_changes_colors_and_that_of_srgb_does_not() -> None:
    green = Image.new("RGB", (4, 4), (0, 200, 0))
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert apply_profile(green, srgb) is green
    swapped = srgb.replace("sRGB".encode("utf-16-be"), "test".encode("utf-16-be"))
    swapped = swapped.replace(b"rXYZ", b"____").replace(b"gXYZ", b"rXYZ").replace(b"____", b"gXYZ")
    red, green_value, _ = apply_profile(green, swapped).getpixel((0, 0))
    assert red > 190
    assert green_value < 10


def test_a_damaged_profile_is_told() -> None:
    with pytest.raises(BadProfile):
        apply_profile(Image.new("RGB", (4, 4)), b"no profile")
