"""Files of labels, read into tables."""

import io
from pathlib import Path

import numpy as np
import pytest

from unknot.common.errors import UserError
from unknot.data import table_files
from unknot.data.label_table import LabelTable
from unknot.data.table_files import read_table

EXPECTED = {"file": ["a.png", "b.png"], "bright": ["1", "0"], "age": ["31,5", ""]}


def _columns(table: LabelTable) -> dict[str, list]:
    return {name: list(column) for name, column in table.columns.items()}


@pytest.mark.parametrize(
    "content",
    [
        b'file,bright,age\na.png,1,"31,5"\nb.png,0,\n',
        b"file;bright;age\r\na.png;1;31,5\r\nb.png;0;\r\n",
        b"\xef\xbb\xbffile;bright;age\na.png;1;31,5\n\nb.png;0;\n",
        b"file\tbright\tage\na.png\t1\t31,5\nb.png\t0\t",
        "file;bright;age\na.png;1;31,5\nb.png;0;\n".encode("utf-16"),
        b',file,bright,age\n0,a.png,1,"31,5"\n1,b.png,0,\n',
        b'"file","bright","age",,\n"a.png","1","31,5",,\n"b.png","0","",,\n',
    ],
)
def test_dialects_of_spreadsheets(content: bytes) -> None:
    assert _columns(read_table("labels.csv", content)) == EXPECTED


def test_letters_of_windows() -> None:
    table = read_table("labels.csv", "name,stra\xdfe\na.png,\xfcber\n".encode("cp1252"))
    assert _columns(table) == {"name": ["a.png"], "straße": ["über"]}


def test_json_lines_and_lists() -> None:
    lines = b'{"file_name": "a.png", "age": 3}\n\n{"file_name": "b.png", "on": true}\n'
    table = read_table("metadata.jsonl", lines)
    assert list(table.columns["file_name"]) == ["a.png", "b.png"]
    assert table.columns["age"][0] == 3
    assert np.isnan(table.columns["age"][1])
    assert table.columns["on"][1] == 1
    whole = read_table("labels.json", b'[{"f": "a.png"}, {"f": "b.png"}]')
    assert _columns(whole) == {"f": ["a.png", "b.png"]}


def test_parquet() -> None:
    pa = pytest.importorskip("pyarrow")
    pq = pytest.importorskip("pyarrow.parquet")
    columns = {"file_name": ["a.png", "b.png"], "x": [1.5, None], "box": [[1], [2]]}
    buffer = io.BytesIO()
    pq.write_table(pa.table(columns), buffer)
    table = read_table("metadata.parquet", buffer.getvalue())
    assert list(table.columns) == ["file_name", "x"]
    assert table.columns["x"][0] == 1.5
    assert table.notes == ("not used: box (lists or bytes)",)
    with pytest.raises(UserError, match=r"x.parquet cannot be read"):
        read_table("x.parquet", b"PAR1 nothing")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "is empty; it needs a header"),
        (b"file,x\n", "holds no row of labels below its header"),
        (b"a.png,1\nb.png,0\n", "has no header: its first row names an image"),
        (b"file,x,x\na.png,1,2\n", "two columns called 'x'"),
        (b"file,x\na.png,1,2\n", "line 2 has 3 cells where the header has 2"),
        (b"file,x\na.png,1\nb.png\n", "line 3 has 1 cells"),
        (b"\x00\x01\x02,\x03\n1,2\n", "no table of text"),
    ],
)
def test_bad_tables_are_one_line(content: bytes, message: str) -> None:
    with pytest.raises(UserError, match=message):
        read_table("labels.csv", content)


@pytest.mark.parametrize("content", [b"{", b"[1]", b'"x"', b"[" * 5000])
def test_bad_json_is_one_line(content: bytes) -> None:
    with pytest.raises(UserError, match=r"labels\.jsonl"):
        read_table("labels.jsonl", content)


def test_other_endings_are_refused() -> None:
    with pytest.raises(UserError, match="no table of labels by its ending"):
        read_table("labels.xlsx", b"PK")


def test_a_file_of_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(b"file,x\na.png,=1+1\n")
    assert _columns(read_table(str(path), path.read_bytes()))["x"] == ["=1+1"]


def test_what_is_too_large_for_labels_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "MAX_COLUMNS", 3)
    with pytest.raises(UserError, match="has 4 columns, more than the 3 that are read"):
        read_table("a.csv", b"file_name,a,b,c\nx.png,1,2,3\n")
    with pytest.raises(UserError, match="has 4 columns"):
        read_table("a.json", b'[{"a": 1, "b": 2, "c": 3, "d": 4}]')
    monkeypatch.setattr(table_files, "MAX_CELLS", 6)
    assert read_table("a.csv", b"name,a\n" + b"x.png,1\n" * 3).num_rows == 3
    for name, content in (
        ("a.csv", b"name,a\n" + b"x.png,1\n" * 5),
        ("a.csv", b"name,a\n" + b"\n" * 20),
        ("a.jsonl", b'{"name": "x.png", "a": 1}\n' * 4),
    ):
        with pytest.raises(UserError, match="has more than 6 cells"):
            read_table(name, content)


def test_numbers_too_large_and_lists_are_text() -> None:
    table = read_table("a.jsonl", b'{"name": "x", "a": 1' + b"0" * 400 + b', "b": [1, [2]]}')
    assert table.columns["a"] == ["1" + "0" * 400]
    assert table.columns["b"] == ["[1, [2]]"]
