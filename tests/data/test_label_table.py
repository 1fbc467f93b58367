"""Tables of labels, and which row belongs to which image."""

import numpy as np
import pytest

from unknot.common.errors import UserError
from unknot.data.label_table import LabelTable, join_tables, match_rows, table_of_frame


def _columns(table: LabelTable) -> dict[str, list]:
    return {name: list(column) for name, column in table.columns.items()}


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
