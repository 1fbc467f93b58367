"""Reads the values of 10 to 32 bits that Pillow would cut to bytes or take for others."""

import io
import struct
import sys
from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageFile, TiffImagePlugin

from unknot.data.preparation import MAX_PIXELS
from unknot.data.raster.decoder_limits import too_many_pixels
from unknot.data.raster.value_ranges import FLOAT, FULL_16_BITS, RawValues

PNG_START, TIFF_STARTS = b"\x89PNG\r\n\x1a\n", (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
BITS, PHOTOMETRIC, ORDER, SAMPLES = 258, 262, 284, 277
MAX_VALUE, SAMPLE_FORMAT, MAX_SAMPLE = 281, 339, 341
"""Tags of a TIFF."""
UNSIGNED, SIGNED = 1, 2  # a TIFF's sample formats
WHITE_IS_LOW = 0
SEPARATE = 2
OTHER_ORDER = {"B": "L", "L": "B", "N": "B" if sys.byteorder == "little" else "L"}
"""The end of a raw mode -> the one that takes the lower byte of 16 bits for the upper one."""
TWO_BYTES = tuple(f"{mode};16{order}" for mode in ("RGB", "RGBA", "RGBX") for order in OTHER_ORDER)


def read_raw_values(
    content: bytes, picture: Image.Image, frame: int, max_pixels: int = MAX_PIXELS
) -> RawValues | None:
    """Load a picture and give its values, where they are not plain bytes.

    Args:
        content: the whole file; empty for a picture that is in memory already.
        picture: opened from it, at the frame.
        frame: the position of the frame.
        max_pixels: that a picture may have; half as many if each takes several times the memory.

    Returns:
        None for a picture of 8 bits, which then need not be loaded yet.
    """
    if picture.format == "JPEG":
        return None
    if picture.mode == "F":
        return RawValues(values=np.asarray(picture), kind=FLOAT)
    if content and picture.format == "PPM" and (maxval := _maxval(picture)) > 255:
        return _ppm_values(content, picture, maxval)
    tags = getattr(picture, "tag_v2", {})
    if picture.mode.startswith("I"):
        return _one_channel(content, picture, tags)
    if picture.mode == "L" and _tag(tags, SAMPLE_FORMAT, UNSIGNED) == SIGNED:
        return RawValues(values=np.asarray(picture).view(np.int8), kind="signed 8-bit")
    raw_modes = {_raw_mode(tile) for tile in _tiles(picture)} if content else set()
    if raw_modes == {"LA;16B"} or (raw_modes and raw_modes.issubset(TWO_BYTES)):
        declared = _declared(content, tags)
        if picture.width * picture.height > max_pixels // 2:
            raise ValueError(f"{too_many_pixels(picture.size, max_pixels // 2)} of 16-bit channels")
        values = _both_bytes(content, picture, frame)
        transparent = picture.info.get("transparency")
        return RawValues(values, "16-bit", declared, transparent=transparent)
    if picture.mode in ("RGB", "RGBA") and _has_separate_words(tags):
        raise ValueError("a TIFF of 16-bit channels that are stored one after the other")
    return None


def _one_channel(content: bytes, picture: Image.Image, tags: Any) -> RawValues:
    declared = FULL_16_BITS if picture.format == "PPM" else _declared(content, tags)
    white_is_low = _tag(tags, PHOTOMETRIC, 1) == WHITE_IS_LOW
    is_signed = _tag(tags, SAMPLE_FORMAT, UNSIGNED) == SIGNED
    num_bits = _tag(tags, BITS, 16)
    values = np.asarray(picture)
    if tags and num_bits == 32 and not is_signed:
        values = values.view(np.uint32)
    kind = f"{'signed ' if is_signed and values.min() < 0 else ''}{32 if num_bits > 16 else 16}-bit"
    transparent = picture.info.get("transparency")
    return RawValues(values, kind, declared, white_is_low, transparent)


def _maxval(picture: Image.Image) -> int:
    """Give the largest value of a binary PGM or PPM that is not read byte by byte, else 0."""
    codec, _, _, options = _tiles(picture)[0]
    return int(options[1]) if codec == "ppm" else 0


def _ppm_values(content: bytes, picture: Image.Image, maxval: int) -> RawValues:
    shape = (picture.height, picture.width, 3 if picture.mode == "RGB" else 1)
    values = np.frombuffer(content, ">u2", int(np.prod(shape)), _tiles(picture)[0][2])
    declared = maxval if maxval < FULL_16_BITS else 0
    return RawValues(values.reshape(shape).astype(np.uint16), "16-bit", declared)


def _tiles(picture: Image.Image) -> list[Any]:
    """List the parts that a file is decoded in: codec, box, offset and raw mode or options."""
    return picture.tile if isinstance(picture, ImageFile.ImageFile) else []


def _raw_mode(tile: Any) -> str:
    options = tile[3]
    return str(options[0] if isinstance(options, tuple) and options else options)


def _both_bytes(content: bytes, picture: Image.Image, frame: int) -> NDArray[np.uint16]:
    """Decode a picture of several 16-bit channels, of which Pillow keeps the upper bytes.

    Told that they are stored in the other order, it keeps the lower bytes.
    """
    is_grey = any(_raw_mode(tile) == "LA;16B" for tile in _tiles(picture))
    with Image.open(io.BytesIO(content)) as other:
        assert isinstance(other, ImageFile.ImageFile)
        other.seek(frame)
        other.tile = [_with_lower_bytes(tile) for tile in other.tile]
        lower = np.asarray(other).astype(np.uint16)
    if is_grey:  # all four bytes of the two channels
        return _join(lower[..., ::2], lower[..., 1::2])
    return _join(np.asarray(picture).astype(np.uint16), lower)


def _join(upper: NDArray[np.uint16], lower: NDArray[np.uint16]) -> NDArray[np.uint16]:
    joined = np.left_shift(upper, 8, dtype=np.uint16)
    joined |= lower
    return joined


def _with_lower_bytes(tile: Any) -> Any:
    mode = _raw_mode(tile)
    swapped = "RGBA" if mode == "LA;16B" else mode[:-1] + OTHER_ORDER[mode[-1]]
    return tile._replace(args=swapped if isinstance(tile[3], str) else (swapped, *tile[3][1:]))


def _declared(content: bytes, tags: Any) -> float:
    """Give the largest value that a file says that its pixels have.

    Returns:
        0 if it says none, or no more than the type of its values does.
    """
    if content.startswith(PNG_START):
        significant = [data for kind, data in png_chunks(content) if kind == b"sBIT"]
        num_bits = max(significant[0], default=16) if significant else 16
        return 2**num_bits - 1 if num_bits < 16 else 0
    if not tags:
        return 0
    stated = max(_tag(tags, MAX_SAMPLE, 0), _tag(tags, MAX_VALUE, 0))
    num_bits = _tag(tags, BITS, 16)
    full = 2**num_bits - 1
    return full if num_bits not in (16, 32) else stated if stated < full else 0


def _tag(tags: Any, number: int, default: int) -> int:
    """Read a number of a TIFF's, its largest where it has one for each channel."""
    value = tags.get(number, default)
    values = value if isinstance(value, tuple) else (value,)
    return max((int(v) for v in values if isinstance(v, int | float)), default=default)


def _has_separate_words(tags: Any) -> bool:
    return _tag(tags, ORDER, 1) == SEPARATE and _tag(tags, BITS, 8) > 8


def describe_tiff(content: bytes) -> str:
    """Say what kind of TIFF it is, where Pillow cannot read it; nothing if it is none."""
    if not content.startswith(TIFF_STARTS):
        return ""
    try:
        tags = TiffImagePlugin.ImageFileDirectory_v2(content[:8])
        file = io.BytesIO(content)
        file.seek(tags.next)
        tags.load(file)
        num, bits = _tag(tags, SAMPLES, 1), _tag(tags, BITS, 1)
        numbers = {2: " signed", 3: " floating-point"}.get(_tag(tags, SAMPLE_FORMAT, 1), "")
    except (OSError, ValueError, TypeError, KeyError, struct.error, SyntaxError):
        return ""
    return f"a TIFF of {num} channel{'s' * (num > 1)} of {bits}-bit{numbers} values"


def png_chunks(content: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Walk through a PNG up to its pixels, whatever its parts hold.

    Yields:
        The name of each part and its data.
    """
    position = len(PNG_START)
    while position + 12 <= len(content):
        length, kind = struct.unpack(">I4s", content[position : position + 8])
        if kind == b"IDAT":
            return
        yield kind, content[position + 8 : position + 8 + length]
        position += 12 + length


def without_metadata(content: bytes) -> bytes:
    """Leave out what a PNG says besides its pixels, so that errors in it do no harm.

    Returns:
        The file without it; as it is, if it is no PNG.
    """
    if not content.startswith(PNG_START):
        return content
    kept, position = [PNG_START], len(PNG_START)
    while position + 12 <= len(content):
        length, kind = struct.unpack(">I4s", content[position : position + 8])
        if kind[:1].isupper() or kind == b"tRNS":
            kept.append(content[position : position + 12 + length])
        position += 12 + length
    return b"".join(kept)
