"""CelebA's label files, in every form in which they are handed around.

Attributes, official splits and identities of CelebA (Liu et al. 2015, Deep learning face attributes
in the wild), as its authors' text files or as csv; and those of CelebA-HQ (Karras et al. 2018) and
CelebAMask-HQ (Lee et al. 2020), whose images are numbered anew.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.data.image_files import CELEBA_PREFIXES

ATTRIBUTES, HQ_ATTRIBUTES = "list_attr_celeba", "celebamask-hq-attribute-anno"
PARTITION = "list_eval_partition"
IDENTITY = "identity_celeba"
MAPPING = "celeba-hq-to-celeba-mapping"
IMAGE_FOLDERS = ("img_align_celeba", "img_celeba", "celeba-hq-img", "celeba_hq")
"""How the names of folders and zips of the images begin, in small letters."""
LABEL_FOLDERS = (".", "Anno", "Eval", "..", "../Anno", "../Eval")
"""Where the label files lie, seen from beside the images."""
COUNT = re.compile(r"\d{1,12}", re.ASCII)
BLOCK = 1000  # rows whose cells are read at once

Rows = dict[str, str]
"""The stem of an image's name -> the cells of its row, apart by spaces."""


@dataclass(frozen=True, eq=False)
class CelebALabels:
    """What CelebA's files tell of pictures.

    Attributes:
        attributes: int8, shape `(num, num_attributes)`: 1, 0, or -1 if missing.
        attribute_names: one per column.
        split: positions in `SPLITS`, -1 where not known; None without the file of it.
        groups: the person of each picture, -1 where not known; None without the file of it.
        group_names: one per person.
        notes: what the user should know, one line each.
    """

    attributes: NDArray[np.int8]
    attribute_names: tuple[str, ...] = ()
    split: NDArray[np.int8] | None = None
    groups: NDArray[np.int32] | None = None
    group_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def celeba_files(path: Path) -> list[Path]:
    """Find CelebA's label files beside its folder or zip of images; none beside other paths."""
    if not path.name.lower().startswith((*IMAGE_FOLDERS, "img")):
        return []
    folders = [path.parent / name for name in LABEL_FOLDERS]
    if path.parent.name == path.name:  # Kaggle's img_align_celeba/img_align_celeba
        folders.append(path.parent.parent)
    files: dict[str, Path] = {}
    for folder in folders:
        for file in sorted(folder.glob("*.[tc][xs][tv]")) if folder.is_dir() else []:
            if is_celeba_file(file.name):
                files.setdefault(file.name, file)
    return list(files.values())


def is_celeba_file(name: str) -> bool:
    """Whether a file is one of CelebA's own by its name."""
    stem, _, ending = name.lower().rsplit("/", 1)[-1].rpartition(".")
    return ending in ("txt", "csv") and stem.startswith(CELEBA_PREFIXES)


def read_celeba(
    names: Sequence[str], tables: Mapping[str, Callable[[], bytes]]
) -> CelebALabels | None:
    """Read what CelebA's files tell of pictures; None where there is no such file.

    Args:
        names: of the pictures.
        tables: name -> bytes, of which only CelebA's are read.

    Raises:
        UserError: if a file is damaged, or names none of the pictures.
    """
    files = {_kind(name): name for name in sorted(tables) if is_celeba_file(name)}
    known = {
        kind: files[kind]
        for kind in (ATTRIBUTES, HQ_ATTRIBUTES, PARTITION, IDENTITY)
        if kind in files
    }
    if not known:
        return None
    stems = [_stem(name) for name in names]
    original = _originals(files, tables, stems)
    labels = CelebALabels(attributes=np.empty((len(names), 0), np.int8))
    for kind, name in known.items():
        table = _Table(name, tables[name]())
        keys = stems if kind == HQ_ATTRIBUTES else original
        rows, labels = _add(labels, kind, table, keys)
        labels = replace(labels, notes=labels.notes + _match_notes(name, rows, keys))
    unread = [Path(name).name for kind, name in files.items() if kind not in (*known, MAPPING)]
    if unread:
        note = f"not used: {', '.join(unread)} (boxes, landmarks or poses)"
        return replace(labels, notes=(*labels.notes, note))
    return labels


def _add(
    labels: CelebALabels, kind: str, table: "_Table", keys: list[str]
) -> tuple[Rows, CelebALabels]:
    """Add what one file tells of the pictures."""
    if kind in (ATTRIBUTES, HQ_ATTRIBUTES):
        columns, rows = table.attributes()
        flags = _flags(table.name, rows, keys, len(columns))
        return rows, replace(labels, attributes=flags, attribute_names=columns)
    rows = table.rows(1)
    if kind == PARTITION:
        split = _integers(table.name, rows, keys, ("0", "1", "2"), 1)[:, 0]
        return rows, replace(labels, split=split.clip(min=-1))
    groups, group_names = _people(rows, keys)
    return rows, replace(labels, groups=groups, group_names=group_names)


class _Table:
    """One of CelebA's files: columns apart by spaces, or by commas in a csv."""

    def __init__(self, name: str, content: bytes) -> None:
        self.name, self._is_csv = name, name.lower().endswith(".csv")
        try:
            self._lines = content.decode("utf-8-sig").splitlines()
        except UnicodeDecodeError:
            raise UserError(f"{name} is not a text file; download it again or remove it") from None

    def attributes(self) -> tuple[tuple[str, ...], Rows]:
        """Read the attributes' names and rows; the text file begins with a count of them."""
        if self._is_csv:
            columns = tuple(c.strip() for c in self._lines[0].split(",")[1:]) if self._lines else ()
            return columns, self.rows(len(columns))
        if len(self._lines) < 3 or not COUNT.fullmatch(self._lines[0].strip()):
            raise UserError(
                f"{self.name} does not begin with a count and a line of attribute names"
            )
        columns = tuple(self._lines[1].split())
        rows = self.rows(len(columns), start=2)
        if len(rows) != int(self._lines[0]):
            raise UserError(
                f"{self.name} says it has {int(self._lines[0]):,} rows but has {len(rows):,}; "
                "download the file again, or remove it to go on without it"
            )
        return columns, rows

    def rows(self, width: int, start: int | None = None) -> Rows:
        """Give the cells of each row, still in one text, by the stem of its first."""
        start = start if start is not None else int(self._is_csv)
        rows: Rows = {}
        for number, line in enumerate(self._lines[start:], start + 1):
            if self._is_csv:
                line = line.replace(",", " ")
            num = len(line.split())
            if not num:
                continue
            if num != width + 1:
                raise UserError(
                    f"{self.name} line {number}: {num - 1} values where {width} are "
                    "expected; download the file again, or remove it to go on without it"
                )
            name, *cells = line.split(maxsplit=1)
            rows[_stem(name)] = "".join(cells)
        return rows


def _kind(name: str) -> str:
    return _stem(name).lower()


def _stem(name: str) -> str:
    return name.rsplit("/", 1)[-1].rsplit(".", 1)[0]


def _originals(
    files: Mapping[str, str], tables: Mapping[str, Callable[[], bytes]], stems: list[str]
) -> list[str]:
    """Name each picture as in CelebA; those of CelebA-HQ are numbered in another order."""
    if MAPPING not in files:
        return stems
    rows = _Table(files[MAPPING], tables[files[MAPPING]]()).rows(2, start=1)
    return [_stem(rows[stem].split()[1]) if stem in rows else "" for stem in stems]


def _integers(
    name: str, rows: Rows, keys: list[str], allowed: tuple[str, ...], width: int
) -> NDArray[np.int8]:
    """Read the values of each picture, -2 where it has no row, shape `(num, width)`."""
    table = np.full((len(keys), width), -2, np.int8)
    places = [i for i, key in enumerate(keys) if key in rows]
    for start in range(0, len(places), BLOCK):
        block = places[start : start + BLOCK]
        cells = np.array(" ".join(rows[keys[i]] for i in block).split())
        bad = cells[~np.isin(cells, allowed)]
        if len(bad):
            raise UserError(
                f"{name} holds {str(bad[0])!r} where only {', '.join(allowed)} may stand; "
                "download the file again, or remove it to go on without it"
            )
        table[block] = cells.astype(np.int8).reshape(-1, width)
    return table


def _flags(name: str, rows: Rows, keys: list[str], width: int) -> NDArray[np.int8]:
    values = _integers(name, rows, keys, ("-1", "0", "1"), width)
    return np.where(values == -2, -1, values == 1).astype(np.int8)


def _people(rows: Rows, keys: list[str]) -> tuple[NDArray[np.int32], tuple[str, ...]]:
    """Number the people of the pictures."""
    people = [rows[key].strip() if key in rows else None for key in keys]
    names = tuple(sorted({person for person in people if person is not None}, key=_natural))
    number = {name: i for i, name in enumerate(names)}
    return np.array([number.get(p, -1) if p else -1 for p in people], np.int32), names


def _natural(name: str) -> tuple[int, str]:
    return (len(name), name)


def _match_notes(name: str, rows: Rows, keys: list[str]) -> tuple[str, ...]:
    """Say which rows and pictures have no counterpart."""
    present = set(keys)
    missing = [key for key in keys if key not in rows]
    if len(missing) == len(keys):
        raise UserError(
            f"{name} has no row for any of the {len(keys):,} images ({keys[0]!r}...); "
            "use the file that belongs to these images, or remove it to go on without it"
        )
    notes = []
    if missing:
        notes.append(
            f"{name} has no row for {len(missing):,} of {len(keys):,} images ({missing[0]!r}...): "
            "missing there"
        )
    if unused := sum(key not in present for key in rows):
        notes.append(f"{unused:,} rows of {name} name images that are not here: ignored")
    return tuple(notes)
