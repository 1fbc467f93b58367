"""Everything that is known of pictures beside their pixels."""

from pathlib import Path

import numpy as np
import pytest

from unknot.common.errors import UserError
from unknot.data.image_files import ImageFiles
from unknot.data.picture_labels import label_pictures, labels_from_table
from unknot.data.table_choice import TableFile

NAMES = [f"{i:03d}.png" for i in range(10)]
FLAGS = [int(i % 3 == 0) for i in range(10)]


def _files(names: list[str] = NAMES, **options: object) -> ImageFiles:
    return ImageFiles(names=names, read=lambda i: b"", **options)


def _table(name: str, column: str = "x", names: list[str] = NAMES) -> TableFile:
    rows = [f"{file},{flag}" for file, flag in zip(names, FLAGS)]
    content = "\n".join([f"file,{column}", *rows]).encode()
    return TableFile(name, (len(content), 0), lambda: content)


def test_one_table_that_names_the_pictures_is_taken() -> None:
    labels = label_pictures(_files(), [_table("labels.csv")])
    assert labels.attribute_names == ("x",)
    assert labels.attributes[:, 0].tolist() == FLAGS
    assert labels.notes == ("labels from labels.csv",)


def test_of_several_tables_only_metadata_is_taken() -> None:
    several = [_table("a.csv"), _table("b.csv", "y")]
    labels = label_pictures(_files(), several)
    assert labels.attribute_names == ()
    assert labels.notes == (
        "several tables name the images, none is used: a.csv, b.csv; give --labels FILE",
    )
    labels = label_pictures(_files(), [*several, _table("metadata.csv", "z")])
    assert labels.attribute_names == ("z",)


def test_metadata_in_the_folder_of_each_split() -> None:
    names = [f"{folder}/{i}.png" for folder in ("test", "train") for i in range(10)]
    own = [f"{i}.png" for i in range(10)]
    first, second = _table("train/metadata.csv", "x", own), _table("test/metadata.csv", "x", own)
    labels = label_pictures(_files(names), [first, second])
    assert labels.attribute_names == ("x",)
    assert labels.attributes[:, 0].tolist() == FLAGS + FLAGS
    assert labels.split is not None
    assert labels.notes[1] == "labels from 2 tables called metadata"


def test_a_given_table_stands_before_all_others() -> None:
    given = {"name": NAMES, "y": FLAGS}
    labels = label_pictures(_files(), [_table("labels.csv")], given=given)
    assert labels.attribute_names == ("y",)
    assert labels.notes[0] == "not used, since --labels gives another table: labels.csv"


def test_a_given_table_must_name_the_images(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="names none of the images, or less than half"):
        labels_from_table({"name": ["x", "y"], "z": [0, 1]}, NAMES)
    with pytest.raises(UserError, match="cannot be read: No such file"):
        labels_from_table(tmp_path / "none.csv", NAMES)


def test_columns_without_a_table_are_a_mistake() -> None:
    with pytest.raises(UserError, match="--label-columns goes with a table of labels"):
        label_pictures(_files(), [], columns=["x"])


def test_labels_of_folders_and_of_a_table_stand_side_by_side() -> None:
    names = [f"{folder}/{i}.png" for folder in ("cat", "dog") for i in range(5)]
    labels = label_pictures(_files(names), [_table("t.csv", "cat", names)], group="classes")
    assert labels.attribute_names == ("cat", "dog", "cat (2)")
    assert labels.attributes[:, 0].tolist() == [1] * 5 + [0] * 5
    assert labels.attributes[:, 2].tolist() == FLAGS


def test_the_split_of_a_table_stands_before_that_of_folders() -> None:
    names = [f"{folder}/{i}.png" for folder in ("train", "test") for i in range(5)]
    files = _files(names, frame={"split": ["test"] * 5 + ["train"] * 5})
    labels = label_pictures(files, [])
    assert labels.split is not None
    assert labels.split.tolist() == [2] * 5 + [0] * 5
    assert labels.split_by == "the table of labels"
    assert label_pictures(_files(names), []).split_by == "folders"
    assert label_pictures(files, [], keep_splits=False).split is None


def test_missing_rows_are_missing_labels() -> None:
    known = labels_from_table({"name": NAMES[:8], "x": FLAGS[:8]}, NAMES)
    assert known.attributes[8:, 0].tolist() == [-1, -1]
    assert np.array_equal(known.attributes[:8, 0], FLAGS[:8])
