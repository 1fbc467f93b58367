"""Pictures that are damaged, lie about their size, or are huge when they are decoded."""

import io
import struct
import zlib
from collections.abc import Callable, Iterator

import numpy as np
from PIL import Image

from tests.data.bad_files.case import Case, among_good, damaged
from tests.data.bad_files.seeds import PICTURES, encoded, npy, npz

HUGE = 60_000  # pixels a side: 3,600 million in all
LARGE = 9_900  # a side: just below the limit


def cases() -> Iterator[Case]:
    """Give every bad picture, each among good ones."""
    for name, content in PICTURES.items():
        for done, bad in damaged(content(), name):
            yield Case("pictures, damaged", f"{name} {done}", among_good(name, lambda b=bad: b))
        yield Case("pictures, damaged", f"{name} empty", among_good(name, bytes))
    for name, make in GIANTS.items():
        yield Case("pictures, giant", name, among_good(name.split()[0], make), must_refuse=True)
    for name, make in ODD.items():
        yield Case("pictures, odd", name, among_good(name.split()[0], make))


def chunk(kind: bytes, content: bytes) -> bytes:
    """Write a part of a PNG."""
    checksum = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)


def png(
    width: int, height: int, data: bytes, *more: bytes, depth: int = 8, color: int = 0
) -> bytes:
    """Write a PNG with packed rows and further parts."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, color, 0, 0, 0))
    return (
        b"\x89PNG\r\n\x1a\n" + header + b"".join(more) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def zeros(num: int) -> bytes:
    """Pack zeros."""
    packer, out = zlib.compressobj(9), []
    for start in range(0, num, 2**24):
        out.append(packer.compress(bytes(min(2**24, num - start))))
    return b"".join([*out, packer.flush()])


def _patched(name: str, place: int, kind: str, *values: int) -> Callable[[], bytes]:
    def make() -> bytes:
        content = bytearray(PICTURES[name]())
        struct.pack_into(kind, content, place, *values)
        return bytes(content)

    return make


def _jpeg_giant() -> bytes:
    content = bytearray(PICTURES["rgb.jpg"]())
    place = content.index(b"\xff\xc0")
    struct.pack_into(">HH", content, place + 5, 65_500, 65_500)
    return bytes(content)


def _many_scans() -> bytes:
    """Write a JPEG of 64 million pixels whose last scan is repeated a thousand times."""
    buffer = io.BytesIO()
    Image.new("L", (8_000, 8_000), 7).save(buffer, "JPEG", progressive=True, quality=10)
    content = buffer.getvalue()
    last = content.rindex(b"\xff\xda")
    return content[:last] + content[last:-2] * 1_000 + content[-2:]


def _tiff(
    entries: list[tuple[int, int, int, int]], *, next_at: int = 0, data: bytes = b""
) -> bytes:
    """Write a TIFF: tag, type, number and value of each entry, then the place of the next page."""
    body = b"".join(struct.pack("<HHII", *entry) for entry in entries)
    return (
        b"II*\0\x08\0\0\0"
        + struct.pack("<H", len(entries))
        + body
        + struct.pack("<I", next_at)
        + data
    )


def _plain_entries(side: int, bits: int = 8, kind: int = 1, at: int = 200) -> list[tuple[int, ...]]:
    num_bytes = min(side * side * bits // 8, 2**32 - 1)
    return [
        (256, 4, 1, side),
        (257, 4, 1, side),
        (258, 3, 1, bits),
        (259, 3, 1, 1),
        (262, 3, 1, 1),
        (273, 4, 1, at),
        (277, 3, 1, 1),
        (278, 4, 1, side),
        (279, 4, 1, num_bytes),
        (339, 3, 1, kind),
    ]


def _large_float_tiff() -> bytes:
    entries = _plain_entries(LARGE, 32, 3, at=200)
    return _tiff(entries).ljust(200, b"\0") + bytes(4 * LARGE * LARGE)


def _many_frames(num: int) -> bytes:
    start = b"GIF89a" + struct.pack("<HHBBB", 32, 32, 0x80, 0, 0) + bytes(6)
    frame = b"," + struct.pack("<HHHHB", 0, 0, 1, 1, 0) + b"\x02\x02\x44\x01\x00"
    return start + frame * num + b";"


def _apng_lie() -> bytes:
    return png(32, 32, zlib.compress(bytes(32 * 33)), chunk(b"acTL", struct.pack(">II", 2**31, 0)))


def _raw_16_rgb() -> bytes:
    packed = zeros(8_000 * (1 + 8_000 * 6))
    return png(8_000, 8_000, packed, depth=16, color=2)


GIANTS: dict[str, Callable[[], bytes]] = {
    "h.png says 60,000 x 60,000": lambda: png(HUGE, HUGE, zlib.compress(b"\0")),
    "b.png is 20,000 x 20,000 zeros": lambda: png(20_000, 20_000, zeros(20_000 * 20_001)),
    "c.png says 2^31 x 2^31": lambda: png(2**31 - 1, 2**31 - 1, zlib.compress(b"\0")),
    "h.jpg says 65,500 x 65,500": _jpeg_giant,
    "h.gif says 65,535 x 65,535": _patched("one.gif", 6, "<HH", 65_535, 65_535),
    "h.bmp says 60,000 x 60,000": _patched("rgb.bmp", 18, "<ii", HUGE, HUGE),
    "h.tga says 65,535 x 65,535": _patched("rgb.tga", 12, "<HH", 65_535, 65_535),
    "h.qoi says 2^31 x 2^31": _patched("rgb.qoi", 4, ">II", 2**31, 2**31),
    "h.pgm says 10^5 x 10^5": lambda: b"P5 100000 100000 255\n" + bytes(100),
    "digits.pgm says 10^4000": lambda: b"P5 " + b"9" * 4_000 + b" 1 255\n",
    "h.pbm says 10^6 x 10^6": lambda: b"P4 1000000 1000000\n" + bytes(100),
    "h.tif says 60,000 x 60,000": lambda: _tiff(_plain_entries(HUGE)),
    "h.jp2 says 2^32 x 2^32": lambda: PICTURES["rgb.jp2"]().replace(
        struct.pack(">II", 32, 32), struct.pack(">II", 2**32 - 1, 2**32 - 1)
    ),
    "h.webp says 16,384 x 16,384": lambda: (
        PICTURES["rgb.webp"]()[:20] + b"\x2f\xff\xff\xff\x0f" + bytes(60)
    ),
    "scans.jpg of 64 million pixels and 1,000 scans": _many_scans,
    "million.gif of 1,000,000 frames": lambda: _many_frames(1_000_000),
    "frames.png says 2^31 frames": _apng_lie,
}
"""Pictures that must not be decoded."""


def _tiff_loop() -> bytes:
    content = bytearray(PICTURES["pages.tif"]())
    first = struct.unpack_from("<I", content, 4)[0]
    (num,) = struct.unpack_from("<H", content, first)
    struct.pack_into("<I", content, first + 2 + 12 * num, first)
    return bytes(content)


def _tiff_far_loop() -> bytes:
    """Have the last of three pages name the second as the next."""
    content = bytearray(PICTURES["pages.tif"]())
    places, at = [], struct.unpack_from("<I", content, 4)[0]
    while at:
        places.append(at)
        (num,) = struct.unpack_from("<H", content, at)
        end = at + 2 + 12 * num
        (at,) = struct.unpack_from("<I", content, end)
    struct.pack_into("<I", content, end, places[1])
    return bytes(content)


ODD: dict[str, Callable[[], bytes]] = {
    "large.png of 98 million pixels": lambda: png(LARGE, LARGE, zeros(LARGE * (LARGE + 1))),
    "rgb.png of 98 million pixels": lambda: png(
        LARGE, LARGE, zeros(LARGE * (3 * LARGE + 1)), color=2
    ),
    "wide.png of 64 million pixels of 48 bits": _raw_16_rgb,
    "float.tif of 98 million numbers": _large_float_tiff,
    "text.png with a text of 100 MB": lambda: png(
        32, 32, zlib.compress(bytes(32 * 33)), chunk(b"zTXt", b"a\0\0" + zeros(100 * 2**20))
    ),
    "texts.png with 200 texts of 1 MB": lambda: png(
        32, 32, zlib.compress(bytes(32 * 33)), *[chunk(b"zTXt", b"a\0\0" + zeros(10**6))] * 200
    ),
    "plain.png with a text of 60 MB": lambda: png(
        32, 32, zlib.compress(bytes(32 * 33)), chunk(b"tEXt", b"a\0" + b"x" * 60_000_000)
    ),
    "icc.png with a profile of 100 MB": lambda: png(
        32, 32, zlib.compress(bytes(32 * 33)), chunk(b"iCCP", b"a\0\0" + zeros(100 * 2**20))
    ),
    "icc.jpg with a profile that is noise": lambda: encoded("JPEG", icc_profile=bytes(range(200))),
    "icc2.jpg with a profile cut": lambda: encoded(
        "JPEG", icc_profile=struct.pack(">I", 2**31) + b"lcms" + bytes(124)
    ),
    "parts.png of 10^5 empty parts": lambda: png(
        32, 32, zlib.compress(bytes(32 * 33)), chunk(b"teSt", b"") * 100_000
    ),
    "rest.png with 50 MB behind its rows": lambda: png(
        32, 32, zlib.compress(bytes(32 * 33)) + bytes(50_000_000)
    ),
    "rows.png with 1 GB packed for 1,024 pixels": lambda: png(32, 32, zeros(2**30)),
    "loop.tif whose next page is itself": _tiff_loop,
    "loop2.tif of pages in a circle": _tiff_far_loop,
    "tags.tif with a tag of 2^32 numbers": lambda: _tiff(
        [*_plain_entries(32), (40_000, 12, 2**32 - 1, 8)], data=bytes(2_000)
    ),
    "strips.tif with 2^31 strips": lambda: _tiff(
        [e if e[0] not in (273, 279) else (e[0], 4, 2**31, 200) for e in _plain_entries(32)],
        data=bytes(2_000),
    ),
    "none.tif without tags": lambda: _tiff([]),
    "bits.tif of 0 bits": lambda: _tiff(_plain_entries(32, bits=0), data=bytes(2_000)),
    "zero.bmp 0 pixels high": _patched("rgb.bmp", 18, "<ii", 32, 0),
    "minus.bmp of negative width": _patched("rgb.bmp", 18, "<ii", -32, -(2**31)),
    "empty.gif without frames": lambda: _many_frames(0),
    "thousand.gif of 1,000 frames": lambda: _many_frames(1_000),
    "postscript.png": lambda: (
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 40 40\n%%EndComments\nshowpage\n"
    ),
    "psd.png": lambda: (
        b"8BPS\0\1" + bytes(6) + struct.pack(">HIIHH", 3, 32, 32, 8, 3) + bytes(4_000)
    ),
    "spider.jpg": lambda: struct.pack(
        ">27f", *[1, 32, 0, 0, 1, 0, 0, 0, 0, 0, 0, 32, 1, *[0] * 8, 128, 4, *[0] * 4]
    ).ljust(9_000, b"\0"),
    "text.jpg": lambda: b"this is no picture\n" * 100,
    "page.png": lambda: b"<html><body>404</body></html>",
    "drawing.png": lambda: b"<svg xmlns='http://www.w3.org/2000/svg'/>",
    "program.jpg": lambda: b"\x7fELF" + bytes(500),
    "array.png": lambda: npy(np.zeros((32, 32))),
    "arrays.jpg": lambda: npz(images=np.zeros((3, 32, 32))),
    "zeros.png": lambda: bytes(10_000),
    "one.png of one pixel": lambda: png(1, 1, zlib.compress(bytes(2))),
    "thin.png of 1 x 90,000": lambda: png(1, 90_000, zlib.compress(bytes(180_000))),
    "nan.tif": lambda: (
        _tiff(_plain_entries(32, 32, 3)).ljust(200, b"\0") + struct.pack("<f", float("nan")) * 1_024
    ),
    "tiff.png is a TIFF": PICTURES["rgb.tif"],
    "heic.jpg is HEIC": PICTURES["rgb.heic"],
}
"""Pictures that are read or left out."""
