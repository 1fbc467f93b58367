"""Files of labels as people have them, read into tables.

Comma-separated in the dialects that spreadsheets write, tab-separated, JSON lines, parquet. Nothing
is evaluated or unpickled.
"""

import codecs
import csv
import io
import json
from collections import Counter
from collections.abc import Collection
from functools import cache
from importlib.util import find_spec
from typing import Any

from unknot.common.errors import UserError
from unknot.data.image_files import is_picture
from unknot.data.label_table import LabelTable, as_column
from unknot.data.text_cells import unquoted_cell

MAX_CELL = 2**20
MAX_CELLS, MAX_COLUMNS = 20_000_000, 10_000
MAX_JSON_BYTES, MAX_CELL_BYTES = 64 * 2**20, 256 * 2**20
BATCH_ROWS = 4096  # of a parquet, that are read at once
MAX_NAMED = 5


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
        return _read_json(source, content)
    if name.endswith((".csv", ".tsv", ".txt")):
        return _read_csv(source, content)
    raise UserError(
        f"{source} is no table of labels by its ending; give a csv, tsv, jsonl or parquet"
    )


def _encoding(content: bytes) -> str:
    """Find how text is encoded: by its byte-order mark, UTF-8, or else as Windows writes it."""
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        content.decode("utf-8")
    except UnicodeDecodeError:
        return "cp1252"
    return "utf-8-sig"


def _read_csv(source: str, content: bytes) -> LabelTable:
    text = io.TextIOWrapper(io.BytesIO(content), _encoding(content), errors="replace", newline="")
    text_of = cache(unquoted_cell)  # equal cells are kept once: there are millions
    rows: list[list[str]] = []
    csv.field_size_limit(MAX_CELL)
    reader = csv.reader(text, delimiter=_delimiter(text))
    try:
        names = next((row for row in reader if any(row)), [])
        names = _header(source, names)
        for row in reader:
            _check_size(source, max(reader.line_num, len(rows) * len(names)))
            if not any(row):
                continue
            _fit_row(source, row, len(names), reader.line_num)
            rows.append(list(map(text_of, map(str.strip, row))))
    except csv.Error as error:
        raise UserError(f"{source} line {reader.line_num} cannot be read: {error}") from None
    if not rows:
        raise UserError(f"{source} holds no row of labels below its header")
    columns = {
        name: [row[i] for row in rows] for i, name in enumerate(names) if name
    }  # a column without a name is a spreadsheet's count of rows
    return LabelTable(source, columns, len(rows))


def _delimiter(text: io.TextIOWrapper) -> str:
    """Find what parts the cells of the first line that is not empty; the text begins again."""
    header = next((line for line in text if line.strip("\r\n")), "").split("\r")[0]
    text.seek(0)
    return max("\t;,", key=lambda mark: (header.count(mark), mark == "\t"))


def _check_size(source: str, num_cells: int) -> None:
    if num_cells > MAX_CELLS:
        raise UserError(
            f"{source} has more than {MAX_CELLS:,} cells; keep the columns that are labels"
        )


def _check_width(source: str, names: Collection[str]) -> None:
    if len(names) > MAX_COLUMNS:
        raise UserError(
            f"{source} has {len(names):,} columns, more than the {MAX_COLUMNS:,} that are read; "
            "keep those that are labels"
        )


def _header(source: str, cells: list[str]) -> list[str]:
    _check_width(source, cells)
    names = [unquoted_cell(" ".join(cell.split())) for cell in cells]
    if not any(names):
        raise UserError(f"{source} is empty; it needs a header and a row for each image")
    if any(map(is_picture, names)):
        raise UserError(
            f"{source} has no header: its first row names an image ({names[0]!r}); put a line with "
            "the columns' names on top"
        )
    twice = sorted(name for name, num in Counter(names).items() if name and num > 1)
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


def _read_json(source: str, content: bytes) -> LabelTable:
    """Read a list of objects, or one a line."""
    is_whole = source.lower().endswith(".json")
    if is_whole and len(content) > MAX_JSON_BYTES:
        raise UserError(f"{source} has {len(content):,} bytes; write it as csv, which takes less")
    text = content.decode(_encoding(content), "replace")
    rows: list[dict[str, Any]] = []
    where, num_cells = source, 0
    try:
        for number, line in enumerate([text] if is_whole else text.splitlines(), 1):
            where = source if is_whole else f"{source} line {number}"
            if line.strip():
                rows.append(json.loads(line))
                num_cells += len(rows[-1]) if isinstance(rows[-1], dict) else 1
                _check_size(source, num_cells)
    except (ValueError, RecursionError) as error:
        raise UserError(f"{where} is not JSON: {error}") from None
    if is_whole and rows and isinstance(rows[0], list):
        rows = rows[0]
    if not (isinstance(rows, list) and rows and all(isinstance(row, dict) for row in rows)):
        raise UserError(f"{source} must hold an object such as {{'file_name': ...}} for each image")
    names = dict.fromkeys(name for row in rows for name in row)
    _check_width(source, names)
    _check_size(source, len(names) * len(rows))
    columns = {str(name): as_column([row.get(name) for row in rows]) for name in names}
    return LabelTable(source, columns, len(rows))


def _read_parquet(source: str, content: bytes) -> LabelTable:
    if find_spec("pyarrow") is None:
        raise UserError(f"{source} needs pyarrow; install it with pip install 'unknot[parquet]'")
    import pyarrow as pa

    file = open_parquet(source, io.BytesIO(content))
    schema = file.schema_arrow
    nested = [
        field.name
        for field in schema
        if pa.types.is_nested(field.type) or pa.types.is_binary(field.type)
    ]
    names = [name for name in schema.names if name not in nested]
    cells = read_columns(source, file, names)
    columns = {name: as_column(cells[name]) for name in names}
    notes = (f"not used: {', '.join(nested[:MAX_NAMED])} (lists or bytes)",) if nested else ()
    return LabelTable(source, columns, file.metadata.num_rows, notes)


def open_parquet(source: object, file: Any) -> Any:
    """Open a parquet.

    Args:
        source: its name, for messages.
        file: its path, or an open file.

    Raises:
        UserError: if it is damaged.
    """
    import pyarrow.parquet as pq

    try:
        return pq.ParquetFile(file)
    except Exception as error:  # whatever is raised where it is damaged
        why = " ".join(str(error).split())
        raise UserError(f"{source} cannot be read: {why}; write or download it again") from None


def read_columns(source: object, file: Any, names: list[str]) -> dict[str, list[Any]]:
    """Read columns of a parquet, a few rows at a time: little in it can stand for very much.

    Args:
        source: its name, for messages.
        file: as `open_parquet` gives it.
        names: of the columns.

    Raises:
        UserError: if it is damaged, or too large.
    """
    _check_width(str(source), names)
    _check_size(str(source), file.metadata.num_rows * len(names))
    cells: dict[str, list[Any]] = {name: [] for name in names}
    num_bytes = 0
    try:
        for batch in file.iter_batches(BATCH_ROWS, columns=names) if names else ():
            num_bytes += batch.nbytes
            if num_bytes > MAX_CELL_BYTES:
                raise UserError(f"{source} has labels of more than {MAX_CELL_BYTES:,} bytes")
            for name in names:
                cells[name] += batch.column(name).to_pylist()
    except UserError:
        raise
    except Exception as error:  # whatever is raised where it is damaged
        why = " ".join(str(error).split())
        raise UserError(f"{source} cannot be read: {why}; write or download it again") from None
    return cells
