"""Which tables go with pictures: those among them and beside them whose first rows name some."""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unknot.data.celeba import celeba_files, is_celeba_file
from unknot.data.folder_walk import FolderContents
from unknot.data.given_path import look_at, table_reader
from unknot.data.image_files import is_table
from unknot.data.label_table import table_of_frame

METADATA = "metadata"
"""The stem of a table that lies in the folder of its images, as ImageFolder has it."""
USUAL_STEMS = (METADATA, "labels", "label", "annotations", "attributes", "targets")
"""Stems of tables that are looked for beside a packed file, whose images are not listed yet."""
CODES_HEADER = "name,mean_0,"
"""How a table begins that `unknot encode` wrote: codes of a model, no labels."""
HEAD_BYTES = 2**18
_CELL = re.compile(rb'[^,;\t\r\n"{}:]+')


@dataclass(frozen=True)
class TableFile:
    """A file that may hold labels.

    Attributes:
        name: relative to the images, or a path.
        stamp: its size in bytes and the time of its last change.
        read: its bytes.
    """

    name: str
    stamp: tuple[int, int]
    read: Callable[[], bytes]


def tables_in(path: Path, contents: FolderContents) -> tuple[list[TableFile], tuple[str, ...]]:
    """Choose the tables below a folder whose first rows name some of its pictures.

    Returns:
        The tables, and a note on the others.
    """
    chosen: list[TableFile] = []
    others: list[TableFile] = []
    stems: set[bytes] = set()
    for file in contents.tables:
        stems = stems or _stems([picture.name for picture in contents.pictures])
        table = TableFile(file.name, (file.size, file.mtime_ns), table_reader(path / file.name))
        is_chosen = is_celeba_file(file.name) or _names_some(path / file.name, stems)
        (chosen if is_chosen else others).append(table)
    if not others:
        return chosen, ()
    names = ", ".join(table.name for table in others[:5])
    why = "the first rows name none of the images, or it holds codes"
    return chosen, (f"not used: {names}: {why}",)


def tables_beside(path: Path, names: Sequence[str] | None) -> list[TableFile]:
    """Choose the tables beside a folder or packed file that go with it.

    Args:
        path: the folder or file.
        names: of its pictures; None where they are not listed yet: then tables are chosen by name.
    """
    files = list(celeba_files(path))
    try:
        beside = sorted(file for file in path.parent.iterdir() if is_table(file.name))
    except OSError:
        beside = []
    stems = _stems(names) if names is not None and beside else set()
    for file in beside:
        usual = file.stem.lower() in (*USUAL_STEMS, path.name.split(".")[0].lower())
        if file.is_file() and (_names_some(file, stems) if stems else usual):
            files.append(file)
    return [table_file(file) for file in dict.fromkeys(files)]


def given_key(given: Any) -> list[Any]:
    """Tell a table that the user gives from every other, for the name of an entry in the cache.

    Raises:
        UserError: if it is a file that is not there.
    """
    if given is None:
        return []
    if isinstance(given, str | Path):
        table = table_file(Path(given).expanduser())
        return [table.name, *table.stamp]
    frame = table_of_frame(given)
    digest = hashlib.blake2b(digest_size=16)
    for name in given.columns if hasattr(given, "columns") else given:
        digest.update(repr((str(name), list(map(repr, given[name])))).encode("utf-8", "replace"))
    return [frame.source, digest.hexdigest()]


def table_file(path: Path) -> TableFile:
    """Look at the size and time of a file.

    Raises:
        UserError: if it cannot be had.
    """
    stat = look_at(path, what="the table of labels ")
    return TableFile(str(path), (stat.st_size, stat.st_mtime_ns), table_reader(path))


def _stems(names: Sequence[str]) -> set[bytes]:
    """Take the names without folders and endings, as bytes."""
    return {_bytes_stem(name.encode("utf-8", "surrogateescape")) for name in names}


def _bytes_stem(name: bytes) -> bytes:
    return name.replace(b"\\", b"/").rsplit(b"/", 1)[-1].rsplit(b".", 1)[0].strip()


def _names_some(path: Path, stems: set[bytes]) -> bool:
    """Whether the beginning of a table names some picture; a parquet is taken to do so.

    A table of codes, which a model made of the pictures, is said to name none.
    """
    if path.suffix.lower() == ".parquet":
        return path.stem.lower() in USUAL_STEMS
    try:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
    except OSError:
        return False
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        head = head.decode("utf-16", "replace").encode()
    if head.startswith(CODES_HEADER.encode()):
        return False
    return any(_bytes_stem(cell) in stems for cell in _CELL.findall(head))
