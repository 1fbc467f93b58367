"""Files of labels as people have them, read into tables.

Comma-separated in the dialects that spreadsheets write, tab-separated, JSON lines, parquet. Nothing
is evaluated or unpickled.
"""

import codecs
import csv
import io
import json
from functools import cache
from importlib.util import find_spec
from typing import Any

from unknot.common.errors import UserError
from unknot.data.image_files import is_picture
from unknot.data.label_table import LabelTable, as_column
from unknot.data.text_cells import unquoted_cell

MAX_CELL = 2**20
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
        return _read_json(source, _decode(content))
    if name.endswith((".csv", ".tsv", ".txt")):
        return _read_csv(source, _decode(content))
    raise UserError(
        f"{source} is no table of labels by its ending; give a csv, tsv, jsonl or parquet"
    )


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
    text_of = cache(unquoted_cell)  # equal cells are kept once: there are millions
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
            rows.append(list(map(text_of, map(str.strip, row))))
    except csv.Error as error:
        raise UserError(f"{source} line {reader.line_num} cannot be read: {error}") from None
    if not rows:
        raise UserError(f"{source} holds no row of labels below its header")
    columns = {
        name: [row[i] for row in rows] for i, name in enumerate(names) if name
    }  # a column without a name is a spreadsheet's count of rows
    return LabelTable(source, columns, len(rows))


def _header(source: str, cells: list[str]) -> list[str]:
    names = [unquoted_cell(" ".join(cell.split())) for cell in cells]
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
    columns = {str(name): as_column([row.get(name) for row in rows]) for name in names}
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
            name: as_column(table.column(name).to_pylist())
            for name in table.column_names
            if name not in nested
        }
    except (OSError, ValueError, pa.ArrowException) as error:
        why = " ".join(str(error).split())
        raise UserError(f"{source} cannot be read: {why}; write it again") from None
    notes = (f"not used: {', '.join(nested[:MAX_NAMED])} (lists or bytes)",) if nested else ()
    return LabelTable(source, columns, table.num_rows, notes)
