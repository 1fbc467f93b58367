"""Sheets of images."""

import numpy as np
import pytest

from unknot.report.figures.sheets import GAP, random_sample, sample_indices, sheet


def tiles(rows: int, columns: int, channels: int = 3) -> np.ndarray:
    rng = np.random.default_rng(0)
    return rng.integers(0, 256, (rows, columns, channels, 8, 8), dtype=np.uint8)


@pytest.mark.parametrize("channels", [1, 3])
def test_every_image_stands_in_its_place(channels: int) -> None:
    images = tiles(2, 3, channels)
    page = np.asarray(sheet(images))
    for row in range(2):
        for column in range(3):
            top, left = GAP + row * (8 + GAP), GAP + column * (8 + GAP)
            expected = np.broadcast_to(images[row, column], (3, 8, 8)).transpose(1, 2, 0)
            assert np.array_equal(page[top : top + 8, left : left + 8], expected)


def test_words_stand_beside_and_above() -> None:
    images = tiles(2, 3)
    plain, labelled = sheet(images), sheet(images, row_labels=("one", "two"), title="step 7")
    assert labelled.size[0] > plain.size[0]
    assert labelled.size[1] > plain.size[1]
    assert np.asarray(labelled)[:16].min() < 100  # the title's ink


def test_a_sample_of_few_images_is_smaller() -> None:
    images = tiles(1, 7)[0]
    assert random_sample(images, rng=np.random.default_rng(0)).size == (7 * 10 + 2, 12)


def test_the_images_of_a_sample_are_known() -> None:
    images = tiles(1, 60)[0]
    page = np.asarray(random_sample(images, rng=np.random.default_rng(3)))
    indices = sample_indices(60, rng=np.random.default_rng(3))
    assert len(set(indices)) == 40
    assert np.array_equal(page, np.asarray(sheet(images[indices].reshape(4, 10, 3, 8, 8))))
