"""Sheets of images."""

import numpy as np
import pytest

from unknot.report.figures.sheets import GAP, random_sample, sample_indices, sheet, tile_size

ENLARGED = 7  # times, of images of 8 pixels
SIDE = 8 * ENLARGED


def tiles(rows: int, columns: int, channels: int = 3) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (rows, columns, channels, 8, 8), dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_stands_in_its_place(channels: int) -> None:
    images = tiles(2, 3, channels)
    page = np.asarray(sheet(images))
    for row in range(2):
        for column in range(3):
            top, left = GAP + row * (SIDE + GAP), GAP + column * (SIDE + GAP)
            seen = np.broadcast_to(images[row, column], (3, 8, 8)).transpose(1, 2, 0)
            expected = seen.repeat(ENLARGED, 0).repeat(ENLARGED, 1)
            assert np.array_equal(page[top : top + SIDE, left : left + SIDE], expected)


@pytest.mark.parametrize("channels", [2, 4])
def test_other_channels_are_seen_in_color(channels: int) -> None:
    images = tiles(1, 1, channels)
    seen = np.asarray(sheet(images))[GAP : GAP + SIDE : ENLARGED, GAP : GAP + SIDE : ENLARGED]
    assert np.array_equal(seen[..., :2], images[0, 0, :2].transpose(1, 2, 0))
    assert np.array_equal(seen[..., 2], images[0, 0, 2] if channels == 4 else np.zeros((8, 8)))


@pytest.mark.parametrize(
    ("shape", "size"),
    [
        ((28, 28), (56, 56)),
        ((64, 64), (64, 64)),
        ((96, 128), (128, 96)),
        ((128, 128), (128, 128)),
        ((256, 256), (128, 128)),
        ((192, 256), (128, 96)),
        ((28, 256), (128, 14)),
    ],
)
def test_small_images_are_enlarged_and_large_ones_reduced(shape: tuple, size: tuple) -> None:
    assert tile_size(*shape) == size
    page = sheet(np.full((1, 2, 3, *shape), 9, np.uint8))
    assert page.size == (2 * size[0] + 3 * GAP, size[1] + 2 * GAP)
    assert np.asarray(page)[GAP + 1 : -GAP - 1, GAP + 1 : GAP + size[0] - 1].max() == 9


def test_words_stand_beside_and_above() -> None:
    images = tiles(2, 3)
    plain, labelled = sheet(images), sheet(images, row_labels=("one", "two"), title="step 7")
    assert labelled.size[0] > plain.size[0]
    assert labelled.size[1] > plain.size[1]
    assert np.asarray(labelled)[:16].min() < 100  # the title's ink


def test_a_sample_of_few_images_is_smaller() -> None:
    images = tiles(1, 7)[0]
    assert random_sample(images, rng=np.random.default_rng(0)).size == (
        7 * (SIDE + 2) + 2,
        SIDE + 4,
    )


def test_the_images_of_a_sample_are_known() -> None:
    images = tiles(1, 60)[0]
    page = np.asarray(random_sample(images, rng=np.random.default_rng(3)))
    indices = sample_indices(60, rng=np.random.default_rng(3))
    assert len(set(indices)) == 40
    assert np.array_equal(page, np.asarray(sheet(images[indices].reshape(4, 10, 3, 8, 8))))
