"""Which arrays of a file are what."""

from pathlib import Path

import numpy as np
import pytest

from tests.data.sources.archive_files import npz, pixels
from unknot.common.errors import UserError
from unknot.data.sources.archive_layout import ArchiveLayout, find_layout
from unknot.data.sources.array_file import open_arrays
from unknot.data.splits import TEST, TRAIN, VALIDATION


def _layout(
    path: Path, images_key: str = "", factors_key: str = "", **arrays: object
) -> ArchiveLayout:
    with open_arrays(npz(path / "a.npz", **arrays)) as opened:
        return find_layout(opened, images_key, factors_key)


def test_usual_names_stand_before_others(tmp_path: Path) -> None:
    arrays = {"other": pixels(20, 32, 32), "images": pixels(20, 16, 16), "factors": np.zeros(20)}
    layout = _layout(tmp_path, **arrays)
    assert (layout.images, layout.factors) == (("images",), ("factors",))
    assert layout.image_shape == (16, 16, 1)
    assert layout.notes == (
        "also in the file and not used: 'other' (20 x 32 x 32, uint8); --factors-key takes another "
        "for labels",
    )


def test_rows_of_pixels_are_images_where_the_user_says_so(tmp_path: Path) -> None:
    arrays = {"faces": np.random.default_rng(0).random((20, 400))}
    with pytest.raises(UserError, match="by --images-key"):
        _layout(tmp_path, **arrays)
    assert _layout(tmp_path, "faces", **arrays).image_shape == (20, 20, 1)
    with pytest.raises(UserError, match="has shape"):
        _layout(tmp_path, "faces", faces=np.zeros((20, 401)))


def test_labels_must_have_a_row_for_each_image(tmp_path: Path) -> None:
    layout = _layout(tmp_path, images=pixels(20, 32, 32), y=np.zeros(19), targets=np.zeros(20))
    assert layout.factors == ("targets",)
    assert "labels are taken from targets" in layout.notes


def test_training_and_test_arrays(tmp_path: Path) -> None:
    layout = _layout(
        tmp_path,
        x_train=pixels(20, 8, 8),
        x_test=pixels(5, 8, 8),
        y_train=np.zeros(20),
        y_test=np.zeros(5),
    )
    assert layout.images == ("x_train", "x_test")
    assert layout.factors == ("y_train", "y_test")
    assert (layout.nums, layout.num) == ((20, 5), 25)
    assert layout.splits == (TRAIN, TEST)


def test_validation_images_are_a_part_too(tmp_path: Path) -> None:
    arrays = {
        f"{part}_{what}": pixels(num, 8, 8) if what == "images" else np.arange(num)
        for part, num in (("train", 20), ("val", 6), ("test", 5))
        for what in ("images", "labels")
    }
    layout = _layout(tmp_path, **arrays)
    assert layout.images == ("train_images", "val_images", "test_images")
    assert layout.factors == ("train_labels", "val_labels", "test_labels")
    assert layout.splits == (TRAIN, VALIDATION, TEST)
    assert not any("not used" in note for note in layout.notes)


def test_labels_that_are_asked_for_have_a_like_for_each_part(tmp_path: Path) -> None:
    arrays = {"x_train": pixels(20, 8, 8), "x_test": pixels(5, 8, 8), "age": np.zeros(20)}
    parts = {"pose_train": np.zeros(20), "pose_test": np.zeros(5)}
    layout = _layout(tmp_path, "", "pose_train", **arrays, **parts)
    assert layout.factors == ("pose_train", "pose_test")
    for key in ("age", "pose_train"):
        with pytest.raises(UserError, match=f"'{key}' has no like for each"):
            _layout(tmp_path, "", key, **arrays, pose_train=np.zeros(20))


def test_rows_are_images_where_the_array_is_called_so_and_that_is_said(tmp_path: Path) -> None:
    layout = _layout(tmp_path, images=pixels(20, 64))
    assert layout.image_shape == (8, 8, 1)
    assert layout.notes == ("each row of images is taken for an image of 8x8 pixels",)
    np.save(tmp_path / "codes.npy", pixels(20, 64))
    with open_arrays(tmp_path / "codes.npy") as opened, pytest.raises(UserError, match="shape"):
        find_layout(opened, "", "")
