"""Images in rows and columns for a paper."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from unknot.common.errors import UserError
from unknot.data.visible_channels import visible
from unknot.report.figures.paper_grids import LEAST_PPI, image_grid


def tiles(rows: int, columns: int, channels: int = 3) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 250, (rows, columns, channels, 8, 8), dtype=np.uint8)


def grid(images: np.ndarray, **changes: object) -> Figure:
    options = {"width": 3.0, "row_labels": ["a row"] * len(images)} | changes
    return image_grid(images, **options)  # type: ignore[arg-type]


@pytest.mark.parametrize("channels", [1, 3])
def test_pixels_are_repeated_never_blurred(channels: int) -> None:
    images = tiles(2, 3, channels)
    (axis,) = grid(images).axes
    (drawn,) = axis.get_images()
    assert drawn.get_interpolation() == "none"
    sheet = np.asarray(drawn.get_array()).reshape(*drawn.get_array().shape[:2], channels)
    assert np.all(np.isin(np.unique(sheet), [*np.unique(images), 255]))
    width_in_inches = axis.get_position().width * 3.0
    assert sheet.shape[1] / width_in_inches > LEAST_PPI * 0.95
    num = round((sheet.shape[1] + 1) / 3) // 8  # how often a pixel is repeated, or one more
    first = sheet[: 8 * (num - 1) : num - 1, : 8 * (num - 1) : num - 1]
    assert np.array_equal(first[0, 0], images[0, 0, :, 0, 0])


@pytest.mark.parametrize("channels", [2, 4])
def test_other_channels_are_seen_in_color(channels: int) -> None:
    images = tiles(1, 1, channels)
    (drawn,) = grid(images).axes[0].get_images()
    first = np.asarray(drawn.get_array())[0, 0]
    assert first.tolist() == visible(images)[0, 0, :, 0, 0].tolist()
    assert len(first) == 3


def test_pixels_are_square_and_the_width_is_kept() -> None:
    figure = grid(tiles(2, 3), column_labels=["1", "2", "3"], xlabel="value")
    (axis,) = figure.axes
    width, height = figure.get_size_inches()
    place = axis.get_position()
    sheet = axis.get_images()[0].get_array()
    assert width == 3.0
    assert place.width * width / (place.height * height) == pytest.approx(
        sheet.shape[1] / sheet.shape[0]
    )
    assert [label.get_text() for label in axis.get_xticklabels()] == ["1", "2", "3"]
    assert axis.get_xlabel() == "value"


def test_labels_stand_beside_the_middle_of_their_rows() -> None:
    (axis,) = grid(tiles(4, 3)).axes
    length = axis.get_images()[0].get_array().shape[0]
    assert axis.get_yticks().tolist() == pytest.approx(
        [length * share - 0.5 for share in (0.125, 0.375, 0.625, 0.875)]
    )


def test_longer_labels_leave_less_room_for_images() -> None:
    (short,), (long,) = grid(tiles(1, 2)).axes, grid(tiles(1, 2), row_labels=["a longer row"]).axes
    assert long.get_position().x0 > short.get_position().x0


def test_images_too_small_to_see_are_refused() -> None:
    with pytest.raises(UserError, match="20 images in a row are too small to see in a figure 3 in"):
        grid(tiles(1, 20))
