"""Zips and tars that are damaged, lie, climb out of themselves, or are huge when unpacked."""

import gzip
import io
import struct
import zipfile
from collections.abc import Callable, Iterator

from tests.data.bad_files.case import Case, alone, damaged
from tests.data.bad_files.seeds import ARRAYS, good_pictures, pixels, tarred, zipped, zstd

ENDINGS = (".zip", ".tar", ".tar.gz", ".tar.zst")


def cases() -> Iterator[Case]:
    """Give every bad archive."""
    for name, content in ARRAYS.items():
        if name.endswith(ENDINGS):
            for done, bad in damaged(content(), name):
                yield Case("archives, damaged", f"{name} {done}", alone(name, lambda b=bad: b))
            yield Case("archives, damaged", f"{name} empty", alone(name, bytes), must_refuse=True)
    for name, make in ARCHIVES.items():
        yield Case("archives, hostile", name, alone(name.split()[0], make))


def encrypted() -> bytes:
    content = bytearray(ARRAYS["set.npz"]())
    content[6] |= 1
    place = content.rindex(b"PK\1\2", 0, content.index(b"PK\5\6"))
    content[place + 8] |= 1
    content[content.index(b"PK\1\2") + 8] |= 1
    return bytes(content)


def _pictures(**more: bytes) -> dict[str, bytes]:
    return {**good_pictures(), **more}


def _zip_bomb() -> bytes:
    return zipped(_pictures(**{"bomb.png": bytes(600 * 2**20)}))


def _overlapping_zip() -> bytes:
    """Have a thousand names stand for the same packed bytes."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("0.png", bytes(50 * 2**20))
        (first,) = archive.infolist()
        for i in range(1, 1_000):
            info = zipfile.ZipInfo(f"{i}.png")
            for name in ("header_offset", "CRC", "compress_size", "file_size", "compress_type"):
                setattr(info, name, getattr(first, name))
            archive.filelist.append(info)
    return buffer.getvalue()


def _lying_zip() -> bytes:
    content = bytearray(ARRAYS["set.zip"]())
    place = content.index(b"PK\1\2")
    struct.pack_into("<I", content, place + 24, 2**31)
    return bytes(content)


def _many_names(num: int) -> bytes:
    """Write a zip of so many empty files."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for i in range(num):
            archive.writestr(f"{i}.txt", b"")
    return buffer.getvalue()


def _tar_of(kind: bytes, name: str, target: str) -> bytes:
    import tarfile

    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for picture, content in good_pictures().items():
            info = tarfile.TarInfo(picture)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        info = tarfile.TarInfo(name)
        info.type, info.linkname = kind, target
        archive.addfile(info)
    return buffer.getvalue()


def _sized_tar(size: bytes) -> bytes:
    content = bytearray(ARRAYS["set.tar"]())
    content[124:136] = size.ljust(12, b" ")
    content[148:156] = b" " * 8
    content[148:156] = b"%06o\0 " % sum(content[:512])
    return bytes(content)


ARCHIVES: dict[str, Callable[[], bytes]] = {
    "up.zip with ../x.png": lambda: zipped(_pictures(**{"../x.png": b"x"})),
    "root.zip with /x.png": lambda: zipped(_pictures(**{"/x.png": b"x"})),
    "back.zip with ..\\x.png": lambda: zipped(_pictures(**{"..\\x.png": b"x"})),
    "bomb.zip with 600 MB of zeros": _zip_bomb,
    "again.zip of a thousand names for 50 MB": _overlapping_zip,
    "lie.zip whose sizes lie": _lying_zip,
    "names.zip of 300,000 empty files": lambda: _many_names(300_000),
    "locked.zip": lambda: encrypted(),
    "inner.zip of a zip": lambda: zipped({"a.zip": ARRAYS["set.zip"]()}),
    "none.zip": lambda: zipped({}),
    "strange.zip of names with control characters": lambda: zipped(
        {f"\x1b[31m{name}\u202e": content for name, content in good_pictures().items()}
    ),
    "folders.zip of pictures called like folders": lambda: zipped(
        {**good_pictures(), "a.png/b.png": b"x", "a.png": b"y"}
    ),
    "text.zip": lambda: b"this is no zip\n" * 40,
    "labels.zip with a bad table": lambda: zipped(_pictures(**{"metadata.csv": b'a,b\n"x,1\n'})),
    "labels2.zip with a table of 600 MB": lambda: zipped(
        _pictures(**{"metadata.csv": b"file_name,a\n" + bytes(600 * 2**20)})
    ),
    "samples.tar with labels nested deep": lambda: tarred(
        _pictures(**{"000.json": b"[" * 100_000, "001.json": b"\xff\xfe", "002.cls": b"9" * 5_000})
    ),
    "up.tar with ../x.png": lambda: tarred(_pictures(**{"../x.png": b"x"})),
    "link.tar with a link": lambda: _tar_of(b"2", "x.png", "/etc/passwd"),
    "hard.tar with a hard link": lambda: _tar_of(b"1", "x.png", "/etc/passwd"),
    "device.tar with a device": lambda: _tar_of(b"3", "x.png", ""),
    "size.tar of 8 GB": lambda: _sized_tar(b"77777777777"),
    "minus.tar of a negative size": lambda: _sized_tar(b"-1"),
    "digits.tar of a size in other digits": lambda: _sized_tar("\u0667\u0667".encode()),
    "circle.tar whose first entry is longer than the file": lambda: _sized_tar(b"37777777777"),
    "long.tar with an endless name": lambda: _tar_of(b"L", "x" * 90, ""),
    "bomb.tar.gz of 3 GB": lambda: gzip.compress(b"") + _gzip_zeros(3 * 2**30),
    "bomb.tar.zst of 3 GB": lambda: _zstd_zeros(3 * 2**30),
    "text.tar": lambda: b"this is no tar\n" * 40,
    "text.tar.gz": lambda: b"this is no tar\n" * 40,
    "inner.tar.gz of a zip": lambda: gzip.compress(ARRAYS["set.zip"]()),
    "noise.tar.zst": lambda: zstd(bytes(pixels(5_000))),
}
"""Archives that are refused, or of which the good pictures are used."""


def _gzip_zeros(num: int) -> bytes:
    buffer = io.BytesIO()
    with gzip.GzipFile(fileobj=buffer, mode="wb", compresslevel=6) as file:
        for _ in range(num // 2**24):
            file.write(bytes(2**24))
    return buffer.getvalue()


def _zstd_zeros(num: int) -> bytes:
    import zstandard

    packer = zstandard.ZstdCompressor().compressobj()
    parts = [packer.compress(bytes(2**24)) for _ in range(num // 2**24)]
    return b"".join([*parts, packer.flush()])
