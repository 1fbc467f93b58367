"""A table in memory that names picture files."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from unknot.common.errors import UserError
from unknot.data.load import load_images


class Frame:
    """What is needed of a data frame, without the library that makes them."""

    def __init__(self, **columns: list) -> None:
        self._columns = {name: Column(values) for name, values in columns.items()}
        self.columns = tuple(columns)

    def __getitem__(self, name: str) -> "Column":
        return self._columns[name]

    def to_numpy(self) -> None:
        raise AssertionError("columns are read one by one")


class Column(list):
    def to_numpy(self) -> np.ndarray:
        return np.array(list(self), object)


@pytest.fixture
def paths(tmp_path: Path) -> list[str]:
    for i in range(20):
        Image.new("L", (32, 32), 10 * i).save(tmp_path / f"{i}.png")
    return [str(tmp_path / f"{i}.png") for i in reversed(range(20))]


def test_paths_and_labels(paths: list[str]) -> None:
    frame = Frame(where=paths, age=[0.5 * i for i in range(20)], odd=[i % 2 for i in range(20)])
    images = load_images(frame, size=32)
    assert images.images[:, 0, 0, 0].tolist() == [10 * i for i in reversed(range(20))]
    assert images.labels.factors[:, 0].tolist() == [0.5 * i for i in range(20)]
    assert images.labels.attribute_names == ("odd",)
    assert not images.info["repeatable"]
    again = load_images(frame, size=32)
    assert again.folder == images.folder


def test_a_missing_file_is_named(paths: list[str]) -> None:
    paths[3] = "/nowhere/x.png"
    images = load_images(Frame(path=paths), size=32)
    assert images.info["unreadable"] == {"/nowhere/x.png": "No such file or directory"}


def test_no_column_of_paths() -> None:
    with pytest.raises(UserError, match="no column of paths of pictures; its columns are a, b"):
        load_images(Frame(a=["x"], b=[1]))
