"""Tables of labels: columns in memory, and which row belongs to which image by its name."""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError

Column = list[str] | NDArray[Any]
"""A cell for each row: texts, empty where missing, or numbers, NaN where missing."""

KEY_COLUMNS = (
    *("file_name", "filename", "file", "image", "image_name", "image_id", "img", "path"),
    *("image_path", "filepath", "photo", "picture", "name", "id"),
)
"""What columns of images' names are called, in small letters."""
MISSING = frozenset(["", "na", "n/a", "nan", "null", "none", "#n/a"])
MAX_NAMED = 5
NUMBERS = (bool, int, float, np.number, np.bool_)


@dataclass(frozen=True, eq=False)
class LabelTable:
    """A table of labels.

    Attributes:
        source: where it is from, for messages.
        columns: name -> a cell for each row.
        num_rows: of all columns.
        notes: what was left out in reading it, one line each.
    """

    source: str
    columns: Mapping[str, Column]
    num_rows: int
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, eq=False)
class RowMatch:
    """Which row of a table belongs to which image.

    Attributes:
        column: that names the images.
        rows: the row of each image, -1 where it has none, int64, shape `(num_images,)`.
        notes: images without a row, and rows without an image, one line each.
    """

    column: str
    rows: NDArray[np.int64]
    notes: tuple[str, ...]


def table_of_frame(frame: Any, source: str = "the data frame") -> LabelTable:
    """Take the columns of a data frame, or of a mapping of names to sequences.

    Raises:
        UserError: if it has neither, or its columns have different lengths.
    """
    names = list(frame.columns) if hasattr(frame, "columns") else None
    if names is None and isinstance(frame, Mapping):
        names = list(frame)
    if names is None:
        raise UserError(
            f"labels is {type(frame).__name__}; give a csv, tsv, jsonl or parquet file, a data "
            "frame, or a dictionary of columns"
        )
    columns = {str(name): as_column(frame[name]) for name in names}
    lengths = {len(column) for column in columns.values()}
    if len(lengths) > 1:
        raise UserError(f"{source} has columns of different lengths: {sorted(lengths)}")
    return LabelTable(source, columns, lengths.pop() if lengths else 0)


def join_tables(tables: Sequence[LabelTable], source: str) -> LabelTable:
    """Put the rows of tables below each other; a column that one lacks is missing there."""
    names = dict.fromkeys(name for table in tables for name in table.columns)
    columns: dict[str, Column] = {}
    for name in names:
        parts = [table.columns.get(name, [""] * table.num_rows) for table in tables]
        if all(isinstance(part, np.ndarray) for part in parts):
            columns[name] = np.concatenate(parts)
        else:
            columns[name] = [cell for part in parts for cell in _texts(part)]
    return LabelTable(source, columns, sum(table.num_rows for table in tables))


def match_rows(table: LabelTable, names: Sequence[str]) -> RowMatch | None:
    """Find the row of each image by its path, its file name, or that without its ending.

    Args:
        table: with a column that names images.
        names: relative paths of the images.

    Returns:
        The rows; None where no column names half of the images, or half of whose rows are images.

    Raises:
        UserError: if two rows of one image say different things.
    """
    usual = sorted(
        (name for name in table.columns if name.lower() in KEY_COLUMNS),
        key=lambda name: KEY_COLUMNS.index(name.lower()),
    )
    others = [name for name in table.columns if name not in usual and _may_name(table, name)]
    best: tuple[int, str, NDArray[np.int64]] | None = None
    for column in (*usual, *others):
        cells = _texts(table.columns[column])
        rows = _best_rows(table, column, cells, names, by_number=column in usual)
        num = int((rows >= 0).sum())
        if best is None or num > best[0]:
            best = num, column, rows
        if num == len(names):
            break
    if best is None or 2 * best[0] < min(len(names), table.num_rows) or not best[0]:
        return None
    num, column, rows = best
    return RowMatch(column, rows, _match_notes(table, names, rows))


def _match_notes(
    table: LabelTable, names: Sequence[str], rows: NDArray[np.int64]
) -> tuple[str, ...]:
    notes = []
    without = np.flatnonzero(rows < 0)
    if len(without):
        notes.append(
            f"{len(without):,} of {len(names):,} images have no row in {table.source} "
            f"({names[without[0]]!r}...): their labels are missing"
        )
    unused = table.num_rows - len(np.unique(rows[rows >= 0]))
    if unused:
        notes.append(f"{unused:,} rows of {table.source} name images that are not here: ignored")
    return (*notes, *table.notes)


def _path(text: str) -> str:
    return text.strip().replace("\\", "/").removeprefix("./")


def _last(text: str, num: int) -> str:
    return "/".join(_path(text).split("/")[-num:])


def _without_ending(text: str) -> str:
    head, dot, ending = text.rpartition(".")
    return head if dot and "/" not in ending and head else text


def _number(text: str) -> str:
    stem = _without_ending(_last(text, 1))
    return stem.lstrip("0") or "0" if stem.isdecimal() else ""


WAYS: tuple[Callable[[str], str], ...] = (
    _path,
    lambda text: _last(text, 2),
    lambda text: _last(text, 1),
    lambda text: _without_ending(_path(text)),
    lambda text: _without_ending(_last(text, 1)),
    lambda text: _without_ending(_last(text, 1)).casefold(),
)
"""What of a name is compared, the strictest first."""


def _best_rows(
    table: LabelTable, column: str, cells: list[str], names: Sequence[str], *, by_number: bool
) -> NDArray[np.int64]:
    """Match by the way that finds the most images."""
    best = np.full(len(names), -1)
    for way in (*WAYS, _number) if by_number else WAYS:
        rows = _rows_by(table, column, [way(cell) for cell in cells], [way(name) for name in names])
        places = np.flatnonzero(rows >= 0).tolist()
        other = [i for i in places if not _may_be_same(cells[rows[i]], names[i])]
        rows[other] = -1
        if (rows >= 0).sum() > (best >= 0).sum():
            best = rows
        if (best >= 0).all():
            break
    return best


def _may_be_same(cell: str, name: str) -> bool:
    """Whether the folders that both names have are the same: `train/1` is never `test/1`."""
    folders = [_path(text).casefold().split("/")[-2::-1] for text in (cell, name)]
    return all(folder == other for folder, other in zip(*folders))


def _rows_by(
    table: LabelTable, column: str, cells: list[str], keys: list[str]
) -> NDArray[np.int64]:
    """Give each image the row whose cell is its key; none where two images have the same."""
    row_of: dict[str, int] = {}
    repeated: list[tuple[int, int]] = []
    for row, cell in enumerate(cells):
        first = row_of.setdefault(cell, row)
        if first != row and cell:
            repeated.append((first, row))
    row_of.pop("", None)
    counts: dict[str, int] = {}
    for key in keys:
        counts[key] = counts.get(key, 0) + 1
    for first, row in repeated:
        if counts.get(cells[row]) == 1:
            _check_same(table, column, first, row)
    return np.array([row_of.get(key, -1) if counts[key] == 1 else -1 for key in keys], np.int64)


def _check_same(table: LabelTable, column: str, first: int, second: int) -> None:
    for name, cells in table.columns.items():
        cell, other = cells[first], cells[second]
        if name != column and cell != other and not (cell != cell and other != other):
            raise UserError(
                f"{table.source} has two rows for {table.columns[column][first]!r} with different "
                f"{name}: {cell} and {other}; leave one of them"
            )


def _may_name(table: LabelTable, name: str) -> bool:
    """Whether nearly every row of a column of texts has a value of its own."""
    cells = table.columns[name]
    return isinstance(cells, list) and 10 * len(set(cells)) >= 9 * table.num_rows > 0


def _texts(column: Column) -> list[str]:
    if isinstance(column, list):
        return column
    return ["" if value != value else _text(value) for value in column.tolist()]


def as_column(values: Any) -> Column:
    """Take numbers and truths as numbers, everything else as text; None is missing."""
    if not isinstance(values, list) or all(isinstance(value, NUMBERS) for value in values):
        array = np.asarray(values)
        if array.ndim == 1 and array.dtype.kind in "biuf":
            return array.astype(np.float64)
    cells = [_plain(value) for value in values]
    if all(isinstance(cell, float) or cell == "" for cell in cells):
        return np.array([cell if isinstance(cell, float) else np.nan for cell in cells])
    same: dict[str, str] = {}
    texts = [_text(cell) for cell in cells]
    return [same.setdefault(text, text) for text in texts]


def _plain(value: Any) -> float | str:
    """A number, or a text on one line; empty where missing."""
    if _is_missing(value):
        return ""
    if isinstance(value, int) and abs(value) > sys.float_info.max:
        return str(value)
    if isinstance(value, NUMBERS):
        return float(value)
    return " ".join(str(value).split())


def _is_missing(value: Any) -> bool:
    try:
        return value is None or bool(value != value)
    except TypeError:  # what pandas has for missing is neither equal nor different
        return True
    except ValueError:  # an array
        return False


def _text(cell: float | str) -> str:
    if isinstance(cell, str):
        return cell
    return str(int(cell)) if cell.is_integer() else str(cell)
