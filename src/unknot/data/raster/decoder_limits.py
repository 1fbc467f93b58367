"""What a file may ask of its decoder: pixels, frames, passes; and decoders kept quiet."""

import ctypes
import re
import struct
from functools import cache
from pathlib import Path

from PIL import Image

from unknot.data.preparation import MAX_PIXELS

MAX_FRAMES = 100_000
MAX_PAGES = 20_000  # of a TIFF, whose reader compares each with all before it
MAX_SCANS, MAX_SCANNED = (
    200,
    4_000_000_000,
)  # passes over a JPEG's pixels, and pixels in all of them
SMALLEST_FRAME = 12  # bytes of a GIF's
LIBTIFF = re.compile(r"\s(/\S*libtiff\S*)$", re.MULTILINE)


def too_much_work(content: bytes, picture: Image.Image, max_pixels: int = MAX_PIXELS) -> str:
    """Say what makes a file too much work for its decoder; nothing where it is not.

    Args:
        content: the whole file.
        picture: opened and not yet loaded.
        max_pixels: that it may have.
    """
    width, height = picture.size
    if width * height > max_pixels:
        return too_many_pixels(picture.size, max_pixels)
    if picture.format == "JPEG" and picture.info.get("progressive"):
        num = content.count(b"\xff\xda")
        if num > MAX_SCANS and num * width * height > MAX_SCANNED:
            return f"goes over its {width}x{height} pixels {num:,} times"
    if picture.format == "TIFF" and _has_many_pages(content):
        return f"has more than {MAX_PAGES:,} pages"
    if picture.format == "GIF" and _has_many_frames(content):
        return f"has more than {MAX_FRAMES:,} frames"
    return ""


def too_many_pixels(size: tuple[int, int], max_pixels: int) -> str:
    """Say that a picture has too many pixels, and what takes it all the same."""
    width, height = size
    return f"{width}x{height} has more than {max_pixels:,} pixels; --max-pixels takes more"


def _has_many_pages(content: bytes) -> bool:
    """Whether a TIFF's chain of pages is too long; one that ends in a circle is its reader's."""
    order = "<" if content.startswith(b"II") else ">"
    is_big = content[2:4] in (b"+\0", b"\0+")
    number, offset = struct.Struct(order + "HQ"[is_big]), struct.Struct(order + "IQ"[is_big])
    entry_bytes = 20 if is_big else 12
    seen: set[int] = set()
    place = 8 if is_big else 4
    while place + offset.size <= len(content):
        (start,) = offset.unpack_from(content, place)
        if not start or start in seen or start + number.size > len(content):
            return False
        seen.add(start)
        if len(seen) > MAX_PAGES:
            return True
        place = start + number.size + entry_bytes * number.unpack_from(content, start)[0]
    return False


def _has_many_frames(content: bytes) -> bool:
    """Whether a GIF has too many frames, found without unpacking any."""
    if len(content) < MAX_FRAMES * SMALLEST_FRAME:
        return False
    place, num = 13 + _table_bytes(content[10]), 0
    while place + 10 < len(content) and num <= MAX_FRAMES:
        kind = content[place]
        if kind == 0x2C:  # a frame: its box, its colors, the depth of its codes
            num += 1
            place = _after_blocks(content, place + 11 + _table_bytes(content[place + 9]))
        elif kind == 0x21:
            place = _after_blocks(content, place + 2)
        else:
            break
    return num > MAX_FRAMES


def _table_bytes(flags: int) -> int:
    return 3 * 2 ** ((flags & 7) + 1) if flags & 0x80 else 0


def _after_blocks(content: bytes, place: int) -> int:
    """Find the end of a chain of blocks, each of which begins with its length."""
    while place < len(content) and content[place]:
        place += content[place] + 1
    return place + 1


@cache
def silence_libtiff() -> None:
    """Have Pillow's libtiff print nothing: what it raises says the same."""
    try:
        libraries = LIBTIFF.findall(Path("/proc/self/maps").read_text(encoding="utf-8"))
    except OSError:  # another system
        return
    for path in set(libraries):
        library = ctypes.CDLL(path)
        library.TIFFSetErrorHandler(None)
        library.TIFFSetWarningHandler(None)
