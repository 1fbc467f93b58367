"""Pictures of a folder are drawn anew, or refused in a line."""

import io
import struct
import zlib
from base64 import b64decode
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unknot.common.errors import UserError
from unknot.runs import pictures
from unknot.runs.pictures import FORMATS, picture_address

START = "data:image/png;base64,"
SVG = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>"


def _drawn(address: str) -> Image.Image:
    assert address.startswith(START)
    return Image.open(io.BytesIO(b64decode(address.removeprefix(START))))


def _png_header(width: int, height: int) -> bytes:
    head = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = b"IDAT" + zlib.compress(bytes(1000))
    chunks = [
        struct.pack(">I", len(x) - 4) + x + struct.pack(">I", zlib.crc32(x)) for x in (head, data)
    ]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunks)


@pytest.mark.parametrize("format", FORMATS)
def test_a_picture_of_any_known_format_is_drawn_anew(format: str, tmp_path: Path) -> None:
    path = tmp_path / "sample.png"
    Image.new("RGB", (20, 10), (200, 30, 40)).save(path, format)
    path.write_bytes(path.read_bytes() + b"<script>alert(1)</script>")
    address = picture_address(path, within=tmp_path)
    assert b"script" not in b64decode(address.removeprefix(START))
    with _drawn(address) as picture:
        assert np.abs(np.asarray(picture).astype(int) - (200, 30, 40)).max() < 8


def test_pixels_stay_and_nothing_else_does(tmp_path: Path) -> None:
    path, pixels = tmp_path / "sample.png", np.random.default_rng(0).integers(0, 256, (4, 5), "u1")
    Image.fromarray(pixels).save(path, icc_profile=b"secret", dpi=(72, 72))
    with _drawn(picture_address(path, within=tmp_path)) as picture:
        assert np.array_equal(np.asarray(picture), pixels)
        assert picture.info == {}


@pytest.mark.parametrize("content", [b"", SVG, b"<html>", b"\x89PNG\r\n\x1a\n1234", b"GIF89a/*"])
def test_what_is_no_picture_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "sample.png"
    path.write_bytes(content)
    with pytest.raises(UserError, match="is no picture that can be shown; delete it"):
        picture_address(path, within=tmp_path)


@pytest.mark.parametrize("size", [(60_000, 60_000), (100_000, 2), (9_000, 9_000)])
def test_an_enormous_picture_is_refused_by_its_header(
    size: tuple[int, int], tmp_path: Path
) -> None:
    path = tmp_path / "sample.png"
    path.write_bytes(_png_header(*size))
    with pytest.raises(UserError, match=r"too many to show|is no picture that can be shown"):
        picture_address(path, within=tmp_path)


def test_a_file_of_too_many_bytes_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pictures, "MOST_BYTES", 50)
    Image.new("RGB", (200, 100)).save(tmp_path / "sample.png")
    with pytest.raises(UserError, match="more than the 50 that are read"):
        picture_address(tmp_path / "sample.png", within=tmp_path)


def test_a_link_that_leads_out_of_the_folder_is_not_followed(tmp_path: Path) -> None:
    folder = tmp_path / "experiment"
    folder.mkdir()
    Image.new("RGB", (2, 2)).save(tmp_path / "private.png")
    (folder / "sample.png").symlink_to(tmp_path / "private.png")
    with pytest.raises(UserError, match="nothing is read through it"):
        picture_address(folder / "sample.png", within=folder)
