"""Images that lie as plain numbers."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from unknot.common.errors import UserError
from unknot.data.preparation import Preparation
from unknot.data.sources.array_images import (
    RasterImages,
    check_rasters,
    has_channels_first,
    prepared_shape,
    write_rasters,
)

KEEP = Preparation(size=32, crop="none")


def _rasters(array: np.ndarray, **options: object) -> RasterImages:
    def chunks() -> Iterator[np.ndarray]:
        for start in range(0, len(array), 3):
            yield array[start : start + 3]

    shape = (*array.shape[1:], 1) if array.ndim == 3 else array.shape[1:]
    return RasterImages("here", len(array), shape, array.dtype, chunks, **options)


def _written(array: np.ndarray, path: Path, preparation: Preparation = KEEP) -> np.ndarray:
    written = write_rasters(_rasters(array), preparation, path / "x.u8")
    assert len(written.digests) == len(array)
    return np.fromfile(path / "x.u8", np.uint8).reshape(-1, *written.image_shape)


def test_bytes_of_the_right_size_are_kept(tmp_path: Path) -> None:
    array = np.random.default_rng(0).integers(0, 256, (7, 32, 32, 3), np.uint8)
    assert np.array_equal(_written(array, tmp_path), array.transpose(0, 3, 1, 2))
    assert np.array_equal(_written(array[..., 0], tmp_path)[:, 0], array[..., 0])


def test_one_range_for_all_chunks(tmp_path: Path) -> None:
    array = np.zeros((7, 32, 32), np.uint16)
    array[6] = 1023
    array[0] = 512
    images = _written(array, tmp_path)
    assert [int(image.max()) for image in images[[0, 1, 6]]] == [128, 0, 255]


def test_other_sizes_are_fitted(tmp_path: Path) -> None:
    array = np.full((5, 48, 64, 3), 200, np.uint8)
    assert _written(array, tmp_path).shape == (5, 3, 32, 32)
    grey = Preparation(size=32, color="grey")
    assert _written(array, tmp_path, grey).shape == (5, 1, 32, 32)
    assert prepared_shape(_rasters(array), grey) == (1, 32, 32)
    wide = Preparation(size="32x128", color="rgba")
    opacity = _written(array, tmp_path, wide)[:, 3]
    assert opacity.shape == (5, 32, 128)
    assert opacity.min() == 255


@pytest.mark.parametrize("num_channels", [2, 4])
def test_two_and_four_channels_stay_apart(num_channels: int, tmp_path: Path) -> None:
    array = np.zeros((5, 48, 64, num_channels), np.uint8)
    array[..., 0] = 200
    for preparation in (KEEP, Preparation(size="48x64")):
        written = _written(array, tmp_path, preparation)
        assert written.shape == (5, *preparation.image_shape(num_channels))
        assert written[:, 0].min() == 200
        assert written[:, 1:].max() == 0


@pytest.mark.parametrize("color", ["rgb", "grey"])
@pytest.mark.parametrize("num_channels", [2, 4])
def test_two_and_four_channels_have_no_colors(num_channels: int, color: str) -> None:
    array = np.zeros((5, 32, 32, num_channels), np.uint8)
    with pytest.raises(UserError, match=f"{num_channels} channels .* color is {color}"):
        prepared_shape(_rasters(array), Preparation(color=color))


def test_channels_may_come_first() -> None:
    assert has_channels_first((9, 2, 32, 32))
    assert not has_channels_first((9, 32, 32, 2))
    assert not has_channels_first((9, 3, 32))


@pytest.mark.parametrize(
    ("array", "message"),
    [
        (np.zeros((2, 32, 32), np.uint8), "holds 2 image"),
        (np.zeros((5, 32, 32), complex), "holds complex128"),
        (np.full((5, 32, 32), np.inf), "holds NaN or infinity"),
        (np.full((5, 32, 32), 7.0), "every pixel of here is 7"),
    ],
)
def test_what_is_no_image(array: np.ndarray, message: str, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=message):
        write_rasters(_rasters(array), KEEP, tmp_path / "x.u8")


def test_a_crop_that_is_too_large() -> None:
    array = np.zeros((5, 32, 32), np.uint8)
    with pytest.raises(UserError, match="smaller than the crop of 40; choose a smaller crop"):
        check_rasters(_rasters(array), Preparation(size=32, crop="40"))
