"""One bad input, and the ways in which good files are damaged."""

import random
import shutil
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tests.data.bad_files.seeds import good_pictures

FLIPS, CUTS = 2, (0.3, 0.9)


class Case(NamedTuple):
    """One bad input.

    Attributes:
        kind: the row of the table that it is counted in.
        name: says what is bad.
        make: writes it into an empty folder; returns what is typed after `unknot data`.
        must_refuse: whether using it without a word would be wrong.
    """

    kind: str
    name: str
    make: Callable[[Path], list[str]]
    must_refuse: bool = False


def damaged(content: bytes, name: str) -> Iterator[tuple[str, bytes]]:
    """Damage a good file: cut, with bits flipped near its beginning and anywhere.

    Yields:
        What was done, and the bytes.
    """
    chance = random.Random(name)
    for share in CUTS:
        yield f"cut to {share:.0%}", content[: int(share * len(content))]
    for i in range(FLIPS):
        changed = bytearray(content)
        for _ in range(2 + 6 * i):
            place = chance.randrange(4, min(len(changed), 400 if i == 0 else len(changed)))
            changed[place] ^= 1 << chance.randrange(8)
        yield f"flipped bits {i + 1}", bytes(changed)


def write(folder: Path, files: Mapping[str, bytes]) -> Path:
    """Write files into a folder."""
    for name, content in files.items():
        place = folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    return folder


def among_good(name: str, content: Callable[[], bytes]) -> Callable[[Path], list[str]]:
    """Put one bad picture among good ones: it is to be left out, and that is to be said."""
    return lambda folder: [str(write(folder, {**good_pictures(), name: content()}))]


def alone(name: str, content: Callable[[], bytes]) -> Callable[[Path], list[str]]:
    """Give one bad file itself."""

    def make(folder: Path) -> list[str]:
        write(folder, {name: content()})
        return [str(folder / name)]

    return make


def labelling(name: str, content: Callable[[], bytes], *more: str) -> Callable[[Path], list[str]]:
    """Give good pictures with a bad table of their labels."""

    def make(folder: Path) -> list[str]:
        shutil.rmtree(folder / "pictures", ignore_errors=True)
        write(folder / "pictures", good_pictures())
        write(folder, {name: content()})
        return [str(folder / "pictures"), "--labels", str(folder / name), *more]

    return make
