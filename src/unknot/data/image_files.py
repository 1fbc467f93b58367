"""Encoded pictures that have been listed but not read, wherever they lie."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib.util import find_spec
from typing import Any

ENDINGS = (
    ".avif .bmp .dib .gif .jfif .jpe .jpeg .jpg .j2k .jp2 .pbm .pgm .png .pnm .ppm .qoi .tga "
    ".tif .tiff .webp"
)
SUFFIXES = tuple(ENDINGS.split())
HEIC_SUFFIXES = (".heic", ".heif", ".hif")
TABLE_SUFFIXES = (".csv", ".tsv", ".jsonl", ".ndjson", ".parquet")
CELEBA_PREFIXES = ("list_", "identity_celeba", "celebamask-hq-", "celeba-hq-to-")
"""How the names of CelebA's text files begin, in small letters."""


@dataclass(frozen=True)
class ImageFiles:
    """Encoded pictures that have been listed but not read.

    Attributes:
        names: relative paths with forward slashes, sorted.
        read: the bytes of picture number i; called from several threads.
        stamps: for each, its size in bytes and a number that changes when it is rewritten; empty
            where the file that holds them all has a stamp.
        tables: files beside the pictures that may hold labels: name -> its bytes when called.
        folders: names of the folder or file that holds them, and of the one above.
        frame: columns of labels, a row for each picture, where they lie beside each.
        notes: what was found and is not used, one line each.
    """

    names: list[str]
    read: Callable[[int], bytes]
    stamps: list[tuple[int, int]] = field(default_factory=list)
    tables: Mapping[str, Callable[[], bytes]] = field(default_factory=dict)
    folders: tuple[str, ...] = ()
    frame: Mapping[str, Sequence[Any]] | None = None
    notes: tuple[str, ...] = ()


def is_picture(name: str) -> bool:
    """Whether a file is a picture that can be read, by its ending."""
    return name.lower().endswith(SUFFIXES) or (is_heic(name) and reads_heic())


def is_heic(name: str) -> bool:
    """Whether a file is a picture as telephones of one make write it, by its ending."""
    return name.lower().endswith(HEIC_SUFFIXES)


@cache
def reads_heic() -> bool:
    """Whether what reads HEIC pictures is installed."""
    return find_spec("pillow_heif") is not None


def is_table(name: str) -> bool:
    """Whether a file may be a table of labels, by its name."""
    name = name.lower().rsplit("/", 1)[-1]
    return name.endswith(TABLE_SUFFIXES) or (
        name.endswith(".txt") and name.startswith(CELEBA_PREFIXES)
    )
