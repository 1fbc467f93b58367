"""Labels that are given after the images were prepared."""

from pathlib import Path

import numpy as np
import pytest

from tests.data.pictures import fill
from unknot.common.errors import UserError
from unknot.common.files import write_arrays
from unknot.data.given_labels import save_labels, with_given_labels, with_saved_labels
from unknot.data.image_set import ImageSet
from unknot.data.load import load_images


@pytest.fixture
def images(tmp_path: Path) -> ImageSet:
    return load_images(fill(tmp_path / "images", 12), size=32)


def test_labels_are_put_on_kept_and_read_again(images: ImageSet, tmp_path: Path) -> None:
    table = {"name": list(images.names), "x": [i % 2 for i in range(12)], "age": np.arange(12) / 8}
    labelled, notes = with_given_labels(images, table)
    assert labelled.labels.attribute_names == ("x",)
    assert labelled.labels.factors[:, 0].tolist() == (np.arange(12) / 8).tolist()
    assert labelled.fingerprint == images.fingerprint
    assert notes == ("labels from the data frame",)
    path = tmp_path / "labels.npz"
    save_labels(path, labelled)
    again = with_saved_labels(images, path)
    assert again.labels.factor_names == ("age",)
    assert np.array_equal(again.labels.attributes, labelled.labels.attributes)
    assert with_saved_labels(images, tmp_path / "none.npz") is images


def test_a_table_without_labels_is_refused(images: ImageSet) -> None:
    with pytest.raises(UserError, match=r"holds no label: .*one value"):
        with_given_labels(images, {"name": list(images.names), "x": [1] * 12})


def test_labels_of_other_images_are_refused(images: ImageSet, tmp_path: Path) -> None:
    path = tmp_path / "labels.npz"
    other = load_images(fill(tmp_path / "other", 13), size=32)
    save_labels(path, other)
    with pytest.raises(UserError, match="does not hold labels of these images"):
        with_saved_labels(images, path)
    write_arrays(path, {"x": np.zeros(3)})
    with pytest.raises(UserError, match="does not hold labels of these images"):
        with_saved_labels(images, path)
