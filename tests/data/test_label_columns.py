"""Columns of a table as labels."""

import numpy as np
import pytest

from unknot.common.errors import UserError
from unknot.data.label_columns import (
    KnownLabels,
    Label,
    LeftOut,
    as_numbers,
    known_labels,
    make_label,
)
from unknot.data.label_table import table_of_frame


def _known(cells: dict[str, list], **options: object) -> KnownLabels:
    table = table_of_frame(cells, "labels.csv")
    return known_labels(table, np.arange(table.num_rows), key=None, **options)


@pytest.mark.parametrize(
    ("cells", "name", "values"),
    [
        ([0, 1, 1], "x", [0, 1, 1]),
        ([-1, 1, -1], "x", [0, 1, 0]),
        ([True, False, None], "x", [1, 0, -1]),
        (["yes", "no", ""], "x", [1, 0, -1]),
        (["True", "False", "NA"], "x", [1, 0, -1]),
        (["male", "female", "male"], "x: male", [1, 0, 1]),
        ([3, 7, 7], "x: 7", [0, 1, 1]),
    ],
)
def test_two_values_make_an_attribute(cells: list, name: str, values: list[int]) -> None:
    known = _known({"x": cells})
    assert known.attribute_names == (name,)
    assert known.attributes[:, 0].tolist() == values
    assert known.factor_names == ()


def test_text_of_few_values_is_a_factor_with_its_text() -> None:
    known = _known({"pose": ["up", "left", "right", ""] * 5})
    assert known.factor_names == ("pose",)
    assert known.factors is not None
    assert known.factors[:3, 0].tolist() == [2, 0, 1]
    assert np.isnan(known.factors[3, 0])
    assert known.factor_levels == {"pose": ("left", "right", "up")}
    assert known.notes == (
        "pose is text, numbered in the order of the alphabet: 0 is 'left', 1 is 'right', 2 is 'up'",
    )


def test_numbers_are_factors_as_they_are() -> None:
    known = _known({"level": [3, 1, 2, 3], "age": [1.5, 2.25, np.nan, 7.0]})
    assert known.factor_names == ("level", "age")
    assert known.factors is not None
    assert known.factors[:, 0].tolist() == [3, 1, 2, 3]
    assert known.factors[0, 1] == 1.5
    assert np.isnan(known.factors[2, 1])


def test_decimal_commas_are_numbers() -> None:
    numbers = as_numbers(["1,5", "-2,25", "", "?"])
    assert numbers is not None
    assert numbers[:2].tolist() == [1.5, -2.25]
    assert np.isnan(numbers[2:]).all()
    assert as_numbers(["1,5", "x"]) is None
    assert as_numbers(["1_000"]) is None
    assert as_numbers(["inf"]) is None


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (["a"] * 9, "one value"),
        ([1.0] * 9, "one value"),
        ([""] * 9, "one value"),
        ([f"2024-05-{d:02d}" for d in range(1, 10)], "dates"),
        ([f"{d}.5.24" for d in range(1, 10)], "dates"),
        (list(range(9)), "numbers that count the images"),
        (["a"] * 7 + ["b"] * 7 + ["c"], "fewer than 5 images"),
        ([f"t{i}" for i in range(70)], "text of more than 64 values"),
    ],
)
def test_what_is_no_label_is_named(cells: list, reason: str) -> None:
    known = _known({"x": cells})
    assert known.attribute_names == known.factor_names == ()
    (note,) = known.notes
    assert note.startswith("column not used as a label: x (")
    assert reason in note


def test_several_columns_of_a_kind_stand_on_one_line() -> None:
    known = _known({f"c{i}": [1.0, 1.0] for i in range(7)})
    assert known.notes == ("column not used as a label: c0, c1, c2, c3, c4 and 2 more (one value)",)


def test_columns_can_be_chosen() -> None:
    columns = {"x": [0, 1, 0], "y": [2, 4, 2], "count": [0, 1, 2]}
    assert _known(columns, columns=["y"]).attribute_names == ("y: 4",)
    assert _known(columns, columns=["count"]).factor_names == ("count",)
    with pytest.raises(UserError, match="no column 'cuont'; did you mean 'count'"):
        _known(columns, columns=["cuont"])
    with pytest.raises(UserError, match=r"column 'z' of labels\.csv is no label: one value"):
        _known(columns | {"z": [1, 1, 1]}, columns=["z"])


@pytest.mark.parametrize(
    ("name", "cells", "expected"),
    [
        ("split", ["train", "val", "test", ""], [0, 1, 2, -1]),
        ("Subset", ["Training", "validation", "testing", "train"], [0, 1, 2, 0]),
        ("partition", [0, 1, 2, 0], [0, 1, 2, 0]),
    ],
)
def test_a_column_of_splits(name: str, cells: list, expected: list[int]) -> None:
    known = _known({name: cells})
    assert known.split is not None
    assert known.split.tolist() == expected
    assert known.attribute_names == known.factor_names == ()


def test_a_column_that_only_sounds_like_splits() -> None:
    known = _known({"fold": ["a", "b", "a"]})
    assert known.split is None
    assert known.attribute_names == ("fold: b",)
    assert known.notes == ("the column fold of labels.csv is not taken as splits: 'a' is no split",)


def test_rows_go_to_their_images() -> None:
    table = table_of_frame({"file": ["b", "a"], "x": [0, 1], "t": ["u", "v"]})
    known = known_labels(table, np.array([1, -1, 0]), key="file")
    assert known.attributes.tolist() == [[1, 1], [-1, -1], [0, 0]]


def test_one_column_alone() -> None:
    label = make_label("x", ["a", "b", "a"])
    assert isinstance(label, Label)
    assert label.name == "x: b"
    assert make_label("x", ["a"]) == LeftOut("x", "one value")
