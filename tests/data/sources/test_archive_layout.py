"""Which arrays of a file are what."""

from pathlib import Path

import numpy as np
import pytest

from tests.data.sources.archive_files import npz, pixels
from unknot.common.errors import UserError
from unknot.data.sources.archive_layout import ArchiveLayout, find_layout
from unknot.data.sources.array_file import open_arrays


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
