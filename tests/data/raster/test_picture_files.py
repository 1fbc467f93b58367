"""The bytes of a file as loaded pictures."""

import io
import zlib

import numpy as np
import pytest
from PIL import Image

from unknot.data.raster.picture_files import (
    DamagedImage,
    UnreadableImage,
    find_orientation,
    open_picture,
    read_frames,
)


def _encode(picture: Image.Image, format: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, format, **options)
    return buffer.getvalue()


def _with_part(part: bytes) -> bytes:
    content = _encode(Image.new("RGB", (32, 32), (9, 200, 9)))
    start = content.index(b"IDAT") - 4
    return content[:start] + part + content[start:]


def _part(kind: bytes, data: bytes) -> bytes:
    check = zlib.crc32(kind + data).to_bytes(4, "big")
    return len(data).to_bytes(4, "big") + kind + data + check


@pytest.mark.parametrize(
    "part",
    [
        _part(b"tEXt", b"a\0b")[:-1] + b"\x7f",
        _part(b"iCCP", b"a\0\0" + zlib.compress(bytes(5_000_000))),
        _part(b"pHYs", b"a"),
        _part(b"eXIf", b"\x00\x08\x00\x02\x01\x12\x00\x03"),
    ],
)
def test_damage_beside_the_pixels_does_no_harm(part: bytes) -> None:
    (frame,) = read_frames(_with_part(part))
    assert frame.picture.getpixel((3, 3)) == (9, 200, 9)
    assert frame.is_metadata_damaged


@pytest.mark.parametrize("format", ["GIF", "TIFF", "PNG", "WEBP", "AVIF"])
def test_every_format_of_several_frames(format: str) -> None:
    pictures = [Image.new("RGB", (32, 32), color) for color in ("red", "blue", "lime")]
    content = _encode(pictures[0], format, save_all=True, append_images=pictures[1:])
    frames = list(read_frames(content, "all"))
    assert [frame.number for frame in frames] == [0, 1, 2]
    assert len(list(read_frames(content))) == 1


def test_a_second_picture_of_a_telephone_is_no_frame() -> None:
    red, blue = Image.new("RGB", (32, 32), "red"), Image.new("RGB", (32, 32), "blue")
    content = _encode(red, "MPO", save_all=True, append_images=[blue])
    assert len(list(read_frames(content, "all"))) == 1


def test_damage_of_any_kind_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    content = _encode(Image.new("RGB", (32, 32)))
    for error in (RuntimeError("bad tile"), MemoryError(), KeyError("x"), OverflowError("y")):

        def raise_it(self: object, error: Exception = error) -> None:
            raise error

        monkeypatch.setattr("PIL.ImageFile.ImageFile.load", raise_it)
        with pytest.raises(DamagedImage, match="damaged"):
            list(read_frames(content))


def test_heic_where_its_reader_is_installed() -> None:
    pillow_heif = pytest.importorskip("pillow_heif")
    pillow_heif.register_heif_opener()
    content = _encode(Image.new("RGB", (64, 64), (200, 30, 30)), "HEIF")
    (frame,) = read_frames(content)
    assert np.abs(np.asarray(frame.picture).mean((0, 1)) - (200, 30, 30)).max() < 6


def test_orientation() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    with open_picture(_encode(Image.new("RGB", (8, 8)), exif=exif)) as picture:
        assert find_orientation(picture) == 6
    assert find_orientation(Image.new("L", (8, 8))) == 1


def test_text_is_no_picture() -> None:
    with pytest.raises(UnreadableImage, match="not a picture that Pillow can read"):
        list(read_frames(b"text"))
