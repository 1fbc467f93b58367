"""Tables of labels, read and matched to images."""

import io
from pathlib import Path

import numpy as np
import pytest

from unknot.common.errors import UserError
from unknot.data.label_table import LabelTable, join_tables, match_rows, read_table, table_of_frame

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


def test_frames_and_dictionaries() -> None:
    class Frame:
        columns = ("name", "x")

        def __getitem__(self, name: str) -> np.ndarray:
            return {"name": np.array(["a", None], object), "x": np.array([1, 2])}[name]

    table = table_of_frame(Frame())
    assert _columns(table) == {"name": ["a", ""], "x": [1, 2]}
    assert _columns(table_of_frame({"x": [True, None]}))["x"][0] == 1
    with pytest.raises(UserError, match="different lengths"):
        table_of_frame({"x": [1], "y": [1, 2]})
    with pytest.raises(UserError, match="labels is int"):
        table_of_frame(3)


NAMES = ["train/cat/001.jpg", "train/cat/002.jpg", "train/dog/010.jpg"]


@pytest.mark.parametrize(
    "cells",
    [
        NAMES,
        [f"./{name}" for name in NAMES],
        [name.replace("/", "\\") for name in NAMES],
        [name.removeprefix("train/") for name in NAMES],
        [f"data/images/{name}" for name in NAMES],
        ["001.jpg", "002.jpg", "010.jpg"],
        ["001", "002", "010"],
        ["001.PNG", "002.png", "010.png"],
        ["1", "2", "10"],
    ],
)
def test_images_are_found_by_path_name_or_stem(cells: list[str]) -> None:
    order = [2, 0, 1]
    table = table_of_frame({"file": [cells[i] for i in order], "x": order})
    match = match_rows(table, NAMES)
    assert match is not None
    assert match.column == "file"
    assert table.columns["x"][match.rows].tolist() == [0, 1, 2]
    assert match.notes == ()


def test_numbers_name_images_too() -> None:
    match = match_rows(table_of_frame({"image_id": [10, 1, 2], "x": [0, 1, 2]}), NAMES)
    assert match is not None
    assert match.rows.tolist() == [1, 2, 0]


def test_a_column_of_any_name_can_name_the_images() -> None:
    table = table_of_frame({"x": ["u", "v", "w"], "Datei": ["002.jpg", "010.jpg", "001.jpg"]})
    match = match_rows(table, NAMES)
    assert match is not None
    assert (match.column, match.rows.tolist()) == ("Datei", [2, 0, 1])


def test_what_has_no_counterpart_is_counted() -> None:
    table = table_of_frame({"file": ["001.jpg", "002.jpg", "900.jpg", "901.jpg"]}, "labels.csv")
    match = match_rows(table, NAMES)
    assert match is not None
    assert match.rows.tolist() == [0, 1, -1]
    assert match.notes == (
        "1 of 3 images have no row in labels.csv ('train/dog/010.jpg'...): their labels are "
        "missing",
        "2 rows of labels.csv name images that are not here: ignored",
    )


def test_images_of_one_name_in_two_folders_need_their_folders() -> None:
    names = ["a/1.png", "b/1.png", "a/2.png", "a/3.png"]
    by_name = match_rows(table_of_frame({"file": ["1.png", "2.png", "3.png"]}), names)
    assert by_name is not None
    assert by_name.rows.tolist() == [-1, -1, 1, 2]
    by_path = match_rows(table_of_frame({"file": ["x/b/1.png", "x/a/1.png", "x/a/2.png"]}), names)
    assert by_path is not None
    assert by_path.rows.tolist() == [1, 0, 2, -1]


def test_tables_below_each_other() -> None:
    first = table_of_frame({"file": ["a"], "x": [1]})
    second = table_of_frame({"file": ["b"], "x": [2], "y": ["u"]})
    joined = join_tables([first, second], "both")
    assert _columns(joined) == {"file": ["a", "b"], "x": [1, 2], "y": ["", "u"]}
    assert joined.num_rows == 2


def test_images_of_other_folders_are_others() -> None:
    table = table_of_frame({"file": ["test/1.png", "test/2.png"], "x": [0, 1]})
    assert match_rows(table, ["train/1.png", "train/2.png"]) is None
    assert match_rows(table, ["data/test/1.png", "data/test/2.png"]) is not None


def test_a_table_of_other_things_matches_nothing() -> None:
    assert match_rows(table_of_frame({"file": ["x.png", "y.png"], "age": [1, 2]}), NAMES) is None
    assert match_rows(table_of_frame({"age": [1, 2, 10]}), NAMES) is None


def test_two_rows_of_one_image() -> None:
    same = table_of_frame({"file": ["001", "001", "002", "010"], "x": [1, 1, 0, 0]}, "t.csv")
    match = match_rows(same, NAMES)
    assert match is not None
    assert match.rows.tolist() == [0, 2, 3]
    other = table_of_frame({"file": ["001", "001", "002", "010"], "x": [1, 2, 0, 0]}, "t.csv")
    with pytest.raises(UserError, match=r"two rows for '001' with different x: 1.0 and 2.0"):
        match_rows(other, NAMES)


def test_a_file_of_the_disk(tmp_path: Path) -> None:
    path = tmp_path / "labels.csv"
    path.write_bytes(b"file,x\na.png,=1+1\n")
    assert _columns(read_table(str(path), path.read_bytes()))["x"] == ["=1+1"]
