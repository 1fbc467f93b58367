"""Pictures of every kind."""

import io

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageOps

from unknot.data.preparation import Preparation
from unknot.data.raster.picture_files import UnreadableImage
from unknot.data.raster.pixels import (
    crop_box,
    decode,
    fit_channels,
    shrink_while_decoding,
    to_pixels,
)

KEEP = Preparation(size=32, crop="none")


def _encode(picture: Image.Image, format: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue()


def _gradient() -> np.ndarray:
    ramp = np.linspace(0, 255, 32).astype(np.uint8)
    return np.stack(
        [np.tile(ramp, (32, 1)), np.tile(ramp[:, None], (1, 32)), np.full((32, 32), 9)], 2
    ).astype(np.uint8)


def test_rgb_is_kept_as_it_is() -> None:
    pixels = decode(_encode(Image.fromarray(_gradient())), KEEP, 3)
    assert np.array_equal(pixels, _gradient().transpose(2, 0, 1))


@pytest.mark.parametrize("orientation", range(10))
def test_exif_turns_the_picture_upright_as_pillow_does(orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = _encode(Image.fromarray(_gradient()), exif=exif)
    with Image.open(io.BytesIO(content)) as picture:
        expected = np.asarray(ImageOps.exif_transpose(picture)).transpose(2, 0, 1)
    assert np.array_equal(decode(content, KEEP, 3), expected)


def test_palette_keeps_its_colors() -> None:
    picture = Image.fromarray(_gradient()).convert("P", palette=Image.Palette.ADAPTIVE, colors=256)
    expected = np.asarray(picture.convert("RGB")).transpose(2, 0, 1)
    assert np.array_equal(decode(_encode(picture), KEEP, 3), expected)


def test_cmyk_becomes_rgb() -> None:
    red = Image.new("CMYK", (32, 32), (0, 255, 255, 0))
    pixels = decode(_encode(red, "TIFF"), KEEP, 3)
    assert pixels[0].min() > 250
    assert pixels[1:].max() < 5


def test_alpha_lies_over_white() -> None:
    picture = Image.new("RGBA", (32, 32), (0, 0, 0, 0))
    assert decode(_encode(picture), KEEP, 3).min() == 255


def test_sixteen_bits_are_scaled_not_clipped() -> None:
    values = np.tile(np.linspace(0, 65535, 32).astype(np.uint16), (32, 1))
    pixels = decode(_encode(Image.fromarray(values)), KEEP, 1)
    assert np.abs(pixels[0] - values / 257).max() <= 0.5


def test_the_first_frame_of_an_animation_is_taken() -> None:
    frames = [Image.new("RGB", (32, 32), color) for color in ("red", "blue")]
    pixels = decode(_encode(frames[0], "GIF", save_all=True, append_images=frames[1:]), KEEP, 3)
    assert pixels[0].min() > 250
    assert pixels[2].max() < 5


def _photograph(width: int, height: int) -> Image.Image:
    """Draw soft colors, hard edges and grain."""
    rng = np.random.default_rng(0)
    coarse = Image.fromarray(rng.integers(0, 256, (9, 12, 3), np.uint8))
    picture = coarse.resize((width, height), Image.Resampling.BICUBIC)
    for left, top in rng.integers(0, min(width, height), (40, 2)).tolist():
        shape = (left, top, left + width // 8, top + height // 8)
        ImageDraw.Draw(picture).ellipse(shape, fill=tuple(rng.integers(0, 256, 3).tolist()))
    large = np.asarray(picture)
    grain = rng.integers(-12, 13, (height, width, 1))
    return Image.fromarray(np.clip(large + grain, 0, 255).astype(np.uint8))


@pytest.mark.parametrize(
    ("size", "crop", "factor"),
    [
        ((1601, 1203), "auto", 8),
        ((1601, 1203), "none", 8),
        ((1601, 1203), "500", 4),
        ((356, 436), "auto", 2),
        ((178, 218), "auto", 1),
        ((1601, 1203), "150", 1),
    ],
)
@pytest.mark.parametrize("rotation", [1, 6])
def test_a_large_jpeg_is_shrunk_unnoticed(
    size: tuple[int, int], crop: str, factor: int, rotation: int
) -> None:
    exif = Image.Exif()
    exif[0x0112] = rotation
    content = _encode(_photograph(*size), "JPEG", quality=95, exif=exif)
    preparation = Preparation(size=32, crop=crop)
    with Image.open(io.BytesIO(content)) as picture:
        picture.load()
        expected = to_pixels(picture, preparation, 3).astype(int)
    with Image.open(io.BytesIO(content)) as picture:
        shrink_while_decoding(picture, preparation)
        assert picture.size == tuple(-(-side // factor) for side in size)
    difference = np.abs(decode(content, preparation, 3) - expected)
    assert difference.mean() < 0.5
    assert difference.max() <= 10
    assert (difference.max() > 0) == (factor > 1)


def test_only_jpegs_are_shrunk() -> None:
    with Image.open(io.BytesIO(_encode(_photograph(800, 600)))) as picture:
        shrink_while_decoding(picture, KEEP)
        assert picture.size == (800, 600)


def test_grey_has_one_channel() -> None:
    assert decode(_encode(Image.new("L", (40, 40), 7)), KEEP, 1).shape == (1, 32, 32)


@pytest.mark.parametrize(
    ("whole", "size", "crop", "expected"),
    [
        ((178, 218), 64, "auto", (15, 35, 163, 183)),
        ((178, 218), "64x128", "auto", (0, 64, 178, 153)),
        ((100, 60), 64, "auto", (20, 0, 80, 60)),
        ((100, 60), "96x128", "auto", (10, 0, 90, 60)),
        ((100, 60), "64x128", "auto", (0, 5, 100, 55)),
        ((100, 60), "128x64", "auto", (35, 0, 65, 60)),
        ((1, 9), "256x28", "auto", (0, 0, 1, 9)),
        ((100, 60), "96x128", "none", (0, 0, 100, 60)),
        ((100, 60), 64, "none", (0, 0, 100, 60)),
        ((100, 60), 64, "40", (30, 10, 70, 50)),
    ],
)
def test_crop(
    whole: tuple[int, int], size: int | str, crop: str, expected: tuple[int, ...]
) -> None:
    assert crop_box(whole, Preparation(size=size, crop=crop)) == expected


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_a_picture_on_its_side_is_cropped_as_it_is_seen(kind: str, orientation: int) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    content = _encode(_photograph(500, 401), kind, exif=exif)
    with Image.open(io.BytesIO(content)) as picture:
        upright = ImageOps.exif_transpose(picture)
    preparation = Preparation(size="32x128")
    difference = decode(content, preparation, 3) - to_pixels(upright, preparation, 3).astype(int)
    assert np.abs(difference).mean() < (0.2 if kind == "PNG" else 1)


def test_opacity_is_a_fourth_channel_beside_colors_over_white() -> None:
    picture = Image.new("RGBA", (64, 32), (200, 0, 0, 255))
    picture.paste((0, 9, 0, 0), (32, 0, 64, 32))
    wide = Preparation(size="32x64", color="rgba")
    pixels = decode(_encode(picture), wide, 4)
    assert np.array_equal(pixels[:3], decode(_encode(picture), wide, 3))
    assert pixels[:, 0, 63].tolist() == [255, 255, 255, 0]
    assert pixels[:, 0, 0].tolist() == [200, 0, 0, 255]
    small = decode(_encode(picture.resize((640, 320))), wide, 4)
    assert np.abs(small.astype(int) - pixels)[..., :30].max() == 0
    assert decode(_encode(picture.convert("RGB")), wide, 4)[3].min() == 255


def test_channels_are_resized_each_for_itself() -> None:
    values = np.random.default_rng(0).integers(0, 256, (60, 100, 2), dtype=np.uint8)
    preparation = Preparation(size="28x40")
    fitted = fit_channels(values, preparation)
    for k in range(2):
        alone = to_pixels(Image.fromarray(np.ascontiguousarray(values[..., k])), preparation, 1)
        assert np.array_equal(fitted[k], alone[0])


def test_a_crop_larger_than_the_picture_is_refused() -> None:
    with pytest.raises(UnreadableImage, match="smaller than the crop"):
        crop_box((30, 60), Preparation(crop="40"))


def test_truncated_jpeg_is_named_damaged() -> None:
    content = _encode(Image.fromarray(_gradient()), "JPEG")
    with pytest.raises(UnreadableImage, match="damaged"):
        decode(content[: len(content) // 2], KEEP, 3)


def test_text_is_not_a_picture() -> None:
    with pytest.raises(UnreadableImage, match="not a picture"):
        decode(b"hello, I am a text file", KEEP, 3)


def test_a_bomb_is_refused_by_its_header() -> None:
    bomb = bytearray(_encode(Image.new("1", (8, 8))))
    import struct
    import zlib

    bomb[16:24] = struct.pack(">II", 60_000, 60_000)
    bomb[29:33] = struct.pack(">I", zlib.crc32(bytes(bomb[12:29])))
    with pytest.raises(UnreadableImage, match="pixels"):
        decode(bytes(bomb), KEEP, 3)
