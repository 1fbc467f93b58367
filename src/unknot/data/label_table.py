"""Tables of labels as people have them, read into columns and matched to images by name.

Comma-separated in the dialects that spreadsheets write, tab-separated, JSON lines, parquet, data
frames. Nothing is evaluated or unpickled.
"""

import codecs
import csv
import io
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.data.image_files import is_picture

Column = list[str] | NDArray[Any]
"""A cell for each row: texts, empty where missing, or numbers, NaN where missing."""

KEY_COLUMNS = (
    *("file_name", "filename", "file", "image", "image_name", "image_id", "img", "path"),
    *("image_path", "filepath", "photo", "picture", "name", "id"),
)
"""What columns of images' names are called, in small letters."""
MISSING = frozenset(["", "na", "n/a", "nan", "null", "none", "#n/a"])
MAX_CELL = 2**20
MAX_NAMED = 5


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


def read_table(source: str, content: bytes) -> LabelTable:
    """Read a table by the ending of its name.

    Args:
        source: the file's name or path: `.csv`, `.tsv`, `.txt`, `.jsonl`, `.ndjson`, `.json` (a
            list of objects) or `.parquet`.
        content: its bytes.

    Raises:
        UserError: if it is damaged, has no header, or needs what is not installed.
    """
    name = source.lower()
    if name.endswith(".parquet"):
        return _read_parquet(source, content)
    if name.endswith((".jsonl", ".ndjson", ".json")):
        return _read_json(source, _decode(content))
    if name.endswith((".csv", ".tsv", ".txt")):
        return _read_csv(source, _decode(content))
    raise UserError(
        f"{source} is no table of labels by its ending; give a csv, tsv, jsonl or parquet"
    )


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
    columns = {str(name): _column(frame[name]) for name in names}
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
    return all(one == other for one, other in zip(*folders))


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
        one, other = cells[first], cells[second]
        if name != column and one != other and not (one != one and other != other):
            raise UserError(
                f"{table.source} has two rows for {table.columns[column][first]!r} with different "
                f"{name}: {one} and {other}; leave one of them"
            )


def _may_name(table: LabelTable, name: str) -> bool:
    """Whether nearly every row of a column of texts has a value of its own."""
    cells = table.columns[name]
    return isinstance(cells, list) and 10 * len(set(cells)) >= 9 * table.num_rows > 0


def _texts(column: Column) -> list[str]:
    if isinstance(column, list):
        return column
    return [
        "" if value != value else str(int(value)) if value == int(value) else str(value)
        for value in column.tolist()
    ]


def _decode(content: bytes) -> str:
    """Decode text by its byte-order mark, as UTF-8, or else as Windows writes it."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return content.decode("utf-16", "replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("cp1252", "replace")


def _read_csv(source: str, text: str) -> LabelTable:
    header = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max("\t;,", key=lambda mark: (header.count(mark), mark == "\t"))
    same: dict[str, str] = {}  # equal cells are kept once: there are millions
    rows: list[list[str]] = []
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        names = next((row for row in reader if any(row)), [])
        names = _header(source, names)
        for row in reader:
            if not any(row):
                continue
            _fit_row(source, row, len(names), reader.line_num)
            rows.append([same.setdefault(cell, cell) for cell in map(str.strip, row)])
    except csv.Error as error:
        raise UserError(f"{source} line {reader.line_num} cannot be read: {error}") from None
    if not rows:
        raise UserError(f"{source} holds no row of labels below its header")
    columns = {
        name: [row[i] for row in rows] for i, name in enumerate(names) if name
    }  # a column without a name is a spreadsheet's count of rows
    return LabelTable(source, columns, len(rows))


def _header(source: str, cells: list[str]) -> list[str]:
    names = [" ".join(cell.split()) for cell in cells]
    if not any(names):
        raise UserError(f"{source} is empty; it needs a header and a row for each image")
    if any(map(is_picture, names)):
        raise UserError(
            f"{source} has no header: its first row names an image ({names[0]!r}); put a line with "
            "the columns' names on top"
        )
    twice = sorted({name for name in names if name and names.count(name) > 1})
    if twice:
        raise UserError(f"{source} has two columns called {twice[0]!r}; rename one of them")
    if not all(name.isprintable() for name in names):
        raise UserError(f"{source} is no table of text: its header is {names[0][:20]!r}")
    return names


def _fit_row(source: str, row: list[str], width: int, line: int) -> None:
    """Take off empty cells at the end of a row, and check its length."""
    while len(row) > width and not row[-1].strip():
        row.pop()
    if len(row) != width:
        raise UserError(
            f"{source} line {line} has {len(row)} cells where the header has {width}; mend that "
            "line (a cell that holds the separator must stand in quotes)"
        )


def _read_json(source: str, text: str) -> LabelTable:
    """Read a list of objects, or one a line."""
    is_whole = source.lower().endswith(".json")
    rows: list[dict[str, Any]] = []
    where = source
    try:
        for number, line in enumerate([text] if is_whole else text.splitlines(), 1):
            where = source if is_whole else f"{source} line {number}"
            if line.strip():
                rows.append(json.loads(line))
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where} is not JSON: {error}") from None
    if is_whole and rows and isinstance(rows[0], list):
        rows = rows[0]
    if not (isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows)):
        raise UserError(f"{source} must hold an object such as {{'file_name': ...}} for each image")
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {str(name): _column([row.get(name) for row in rows]) for name in names}
    return LabelTable(source, columns, len(rows))


def _read_parquet(source: str, content: bytes) -> LabelTable:
    if find_spec("pyarrow") is None:
        raise UserError(f"{source} needs pyarrow; install it with pip install 'unknot[parquet]'")
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        table = pq.read_table(io.BytesIO(content))
        nested = [
            field.name
            for field in table.schema
            if pa.types.is_nested(field.type) or pa.types.is_binary(field.type)
        ]
        columns = {
            name: _column(table.column(name).to_pylist())
            for name in table.column_names
            if name not in nested
        }
    except (OSError, ValueError, pa.ArrowException) as error:
        why = " ".join(str(error).split())
        raise UserError(f"{source} cannot be read: {why}; write it again") from None
    notes = (f"not used: {', '.join(nested[:MAX_NAMED])} (lists or bytes)",) if nested else ()
    return LabelTable(source, columns, table.num_rows, notes)


def _column(values: Any) -> Column:
    """Take numbers and truths as numbers, everything else as text; None is missing."""
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
    if value is None or value != value:
        return ""
    if isinstance(value, bool | int | float | np.number | np.bool_):
        return float(value)
    return " ".join(str(value).split())


def _text(cell: float | str) -> str:
    if isinstance(cell, str):
        return cell
    return str(int(cell)) if cell.is_integer() else str(cell)
