"""Where the files of a tar lie, found by its headers alone: ten times as fast as with all details.

A header is a block of 512 bytes: a name, the size in octal digits, a letter for the kind of entry.
Whatever is not plain (long names, sparse files, numbers in other forms) is left to Python's reader.
"""

import mmap
import tarfile
from collections.abc import Iterator
from typing import IO, NamedTuple

BLOCK = 512
PLAIN, FOLDER, EXTENDED = b"0\0", b"5", b"x"
"""Kinds of entries: files, folders, and records of the next entry's details."""
MATTERS = (b" path=", b" size=", b" linkpath=", b"GNU.sparse")
"""Details that change what an entry is; the others are times and owners."""


class TarEntry(NamedTuple):
    """A file in a tar: its name, where its bytes begin, and how many there are."""

    name: str
    offset: int
    size: int


class _NotPlain(Exception):
    """The tar has an entry that only the full reader understands."""


def list_tar(file: IO[bytes]) -> list[TarEntry]:
    """List the files of a tar that is not packed.

    Raises:
        tarfile.TarError: if it is damaged.
    """
    try:
        return list(_plain_entries(file))
    except (_NotPlain, ValueError):  # an empty file cannot be mapped either
        file.seek(0)
    entries = []
    with tarfile.open(fileobj=file, mode="r:") as archive:
        for info in archive:
            if info.isreg():
                entries.append(TarEntry(info.name, info.offset_data, info.size))
            archive.members.clear()  # type: ignore[attr-defined]  # or it keeps every one
    return entries


def _plain_entries(file: IO[bytes]) -> Iterator[TarEntry]:
    with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        position, end = 0, len(content)
        while position + BLOCK <= end:
            header = content[position : position + BLOCK]
            if not header.rstrip(b"\0"):
                return
            name, size, kind = _fields(header)
            start = position + BLOCK
            position = start + -(-size // BLOCK) * BLOCK
            if kind == EXTENDED:
                details = content[start : start + size]
                if any(part in details for part in MATTERS):
                    raise _NotPlain
            elif kind in PLAIN:
                yield TarEntry(name, start, size)
            elif kind != FOLDER:
                raise _NotPlain
        raise _NotPlain  # it ends early, which the full reader tells


def _fields(header: bytes) -> tuple[str, int, bytes]:
    """Read name, size and kind, if the header is whole."""
    if header[257:262] != b"ustar":
        raise _NotPlain
    digits = header[148:156].strip(b" \0")
    if not digits or int(digits, 8) != sum(header[:148]) + 256 + sum(header[156:]):
        raise _NotPlain
    name, prefix = header[:100].rstrip(b"\0"), header[345:500].rstrip(b"\0")
    if header[257:265] == b"ustar  \0":  # GNU's, which has other things in the prefix
        prefix = b""
    whole = prefix + b"/" + name if prefix else name
    size = int(header[124:136].strip(b" \0") or b"0", 8)
    return whole.decode("utf-8", "surrogateescape"), size, header[156:157]
