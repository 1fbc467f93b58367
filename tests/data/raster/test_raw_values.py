"""Values of 10 to 32 bits, in every form in which files hold them."""

import io
import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from unknot.data.preparation import Preparation
from unknot.data.raster.picture_files import UnreadableImage
from unknot.data.raster.pixels import decode
from unknot.data.raster.raw_values import (
    describe_tiff,
    png_chunks,
    read_raw_values,
    without_metadata,
)
from unknot.data.raster.value_ranges import FLOAT, ValueRange

tifffile = pytest.importorskip("tifffile")
KEEP = Preparation(size=64, crop="none")
RAMP = np.tile(np.linspace(0, 1, 64), (64, 1))
COLORS = np.stack([RAMP, RAMP.T, 1 - RAMP], 2)
TWELVE = {"16-bit": ValueRange(0, 4095)}


def _chunk(kind: bytes, data: bytes) -> bytes:
    check = struct.pack(">I", zlib.crc32(kind + data))
    return struct.pack(">I", len(data)) + kind + data + check


def _png(values: np.ndarray, color_type: int, extra: bytes = b"") -> bytes:
    """Write 16-bit values as a PNG: color type 0 is grey, 2 RGB, 4 grey with opacity."""
    height, width = values.shape[:2]
    rows = b"".join(b"\0" + row.astype(">u2").tobytes() for row in values)
    header = struct.pack(">IIBBBBB", width, height, 16, color_type, 0, 0, 0)
    parts = [_chunk(b"IHDR", header), extra, _chunk(b"IDAT", zlib.compress(rows))]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts) + _chunk(b"IEND", b"")


def _tiff(values: np.ndarray, **options: object) -> bytes:
    """Write values as a TIFF."""
    buffer = io.BytesIO()
    tifffile.imwrite(buffer, values, **options)
    return buffer.getvalue()


def _error(content: bytes, expected: np.ndarray, ranges: dict | None = None) -> float:
    num_channels = 3 if expected.ndim == 3 else 1
    pixels = decode(content, KEEP, num_channels, ranges).astype(float)
    target = expected.transpose(2, 0, 1) if expected.ndim == 3 else expected[None]
    return float(np.abs(pixels - 255 * target).max())


def test_grey_of_16_bits() -> None:
    values = np.round(RAMP * 65_535).astype(np.uint16)
    assert _error(_png(values, 0), RAMP) <= 0.51
    assert _error(_tiff(values), RAMP) <= 0.51
    assert _error(_tiff(values, photometric="miniswhite"), 1 - RAMP) <= 0.51


def test_twelve_bits_in_files_of_sixteen() -> None:
    values = np.round(RAMP * 4095).astype(np.uint16)
    assert _error(_png(values, 0), RAMP, TWELVE) <= 0.51
    colors = np.round(COLORS * 4095).astype(np.uint16)
    assert _error(_png(colors, 2), COLORS, TWELVE) <= 0.51
    assert _error(_tiff(colors, photometric="rgb"), COLORS, TWELVE) <= 0.51
    ppm = b"P6 64 64 65535\n" + colors.astype(">u2").tobytes()
    assert _error(ppm, COLORS, TWELVE) <= 0.51


def test_grey_with_opacity_of_sixteen_bits() -> None:
    both = np.stack([np.round(RAMP * 4095), np.full_like(RAMP, 4095)], 2)
    assert _error(_png(both, 4), RAMP, TWELVE) <= 0.51


def test_a_transparent_value_lies_over_white() -> None:
    values = np.round(RAMP * 65_535)
    content = _png(values, 0, _chunk(b"tRNS", struct.pack(">H", 0)))
    assert _error(content, np.where(RAMP == 0, 1, RAMP)) <= 0.51


def test_signed_and_32_bit_values() -> None:
    signed = np.round(RAMP * 200 - 100).astype(np.int8)
    assert _error(_tiff(signed), RAMP, {"signed 8-bit": ValueRange(-100, 100)}) <= 1
    large = np.round(RAMP * 4.29e9).astype(np.uint32)
    assert _error(_tiff(large), RAMP, {"32-bit": ValueRange(0, 4.29e9)}) <= 0.51
    fractions = (RAMP * 2 - 1).astype(np.float32)
    assert _error(_tiff(fractions), RAMP, {FLOAT: ValueRange(-1, 1)}) <= 0.51


def test_what_pillow_cannot_read_is_described() -> None:
    content = _tiff(COLORS.astype(np.float32), photometric="rgb")
    assert describe_tiff(content) == "a TIFF of 3 channels of 32-bit floating-point values"
    with pytest.raises(UnreadableImage, match="a TIFF of 3 channels of 32-bit floating-point"):
        decode(content, KEEP, 3)
    assert describe_tiff(b"no tiff") == ""
    planes = np.moveaxis(np.round(COLORS * 65_535).astype(np.uint16), 2, 0)
    with pytest.raises(UnreadableImage, match="16-bit channels that are stored one after"):
        decode(_tiff(planes, photometric="rgb", planarconfig="separate"), KEEP, 3)


def test_bytes_are_left_to_pillow() -> None:
    content = io.BytesIO()
    Image.new("RGB", (8, 8)).save(content, "PNG")
    with Image.open(content) as picture:
        assert read_raw_values(content.getvalue(), picture, 0) is None


def test_a_png_without_what_stands_beside_its_pixels() -> None:
    extra = _chunk(b"tEXt", b"a\0b") + _chunk(b"tRNS", b"\0\0")
    content = _png(RAMP * 9, 0, extra)
    assert [kind for kind, _ in png_chunks(content)] == [b"IHDR", b"tEXt", b"tRNS"]
    plain = without_metadata(content)
    assert b"tEXt" not in plain
    assert b"tRNS" in plain
    assert without_metadata(b"no png") == b"no png"
