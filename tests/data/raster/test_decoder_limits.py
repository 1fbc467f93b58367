"""What a file may ask of its decoder."""

import io
import struct

import pytest
from PIL import Image

from tests.data.pictures import picture
from unknot.data.raster import decoder_limits
from unknot.data.raster.decoder_limits import silence_libtiff, too_much_work


def saved(kind: str, **options: object) -> bytes:
    buffer = io.BytesIO()
    picture(0).save(buffer, kind, **options)
    return buffer.getvalue()


def reason(content: bytes, max_pixels: int = 10_000) -> str:
    return too_much_work(content, Image.open(io.BytesIO(content)), max_pixels)


@pytest.mark.parametrize("kind", ["PNG", "JPEG", "GIF", "TIFF", "BMP"])
def test_ordinary_pictures_are_no_work(kind: str) -> None:
    assert reason(saved(kind)) == ""


def test_pixels_are_counted_by_the_header() -> None:
    assert reason(saved("PNG"), 1_600) == ""
    assert reason(saved("PNG"), 1_599) == (
        "40x40 has more than 1,599 pixels; --max-pixels takes more"
    )


def test_a_jpeg_that_goes_over_its_pixels_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoder_limits, "MAX_SCANNED", 100_000)
    content = saved("JPEG", progressive=True)
    assert reason(content) == ""
    last = content.rindex(b"\xff\xda")
    content = content[:last] + content[last:-2] * 300 + content[-2:]
    assert "goes over its 40x40 pixels" in reason(content)


@pytest.mark.parametrize("big", [False, True])
def test_pages_are_counted_and_a_circle_of_them_ends(
    big: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    pages = [picture(i) for i in range(3)]
    content = saved("TIFF", save_all=True, append_images=pages, big_tiff=big)
    assert reason(content) == ""
    monkeypatch.setattr(decoder_limits, "MAX_PAGES", 3)
    assert reason(content) == "has more than 3 pages"
    if not big:
        circle = bytearray(content)
        (first,) = struct.unpack_from("<I", content, 4)
        (num,) = struct.unpack_from("<H", content, first)
        struct.pack_into("<I", circle, first + 2 + 12 * num, first)
        assert reason(bytes(circle)) == ""


def test_frames_of_a_gif_are_counted_without_unpacking(monkeypatch: pytest.MonkeyPatch) -> None:
    frames = [picture(i) for i in range(1, 4)]
    content = saved("GIF", save_all=True, append_images=frames, comment=b"four" * 100, loop=0)
    monkeypatch.setattr(decoder_limits, "MAX_FRAMES", 4)
    assert reason(content) == ""
    monkeypatch.setattr(decoder_limits, "MAX_FRAMES", 3)
    assert reason(content) == "has more than 3 frames"


def test_libtiff_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    silence_libtiff()
    content = bytearray(saved("TIFF", compression="tiff_adobe_deflate"))
    content[40:60] = bytes(20)
    with pytest.raises(OSError, match="decod"), Image.open(io.BytesIO(content)) as damaged:
        damaged.load()
    assert capfd.readouterr().err == ""
