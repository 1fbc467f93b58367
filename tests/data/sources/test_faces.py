"""The built-in faces."""

import numpy as np
import pytest

from unknot.data.sources.faces import FACTOR_NAMES, draw_faces, sample_factors


def test_factors_are_uniform_and_independent() -> None:
    factors = sample_factors(20_000, seed=0)
    assert factors.shape == (20_000, 9)
    assert np.abs(factors.mean(0) - 0.5).max() < 0.01
    assert np.abs(np.quantile(factors, [0.1, 0.9], axis=0).T - [0.1, 0.9]).max() < 0.01
    correlation = np.corrcoef(factors.T) - np.eye(9)
    assert np.abs(correlation).max() < 4 / np.sqrt(20_000)


def test_same_seed_same_images() -> None:
    first = draw_faces(sample_factors(20, seed=3))
    assert np.array_equal(first, draw_faces(sample_factors(20, seed=3)))
    assert not np.array_equal(first, draw_faces(sample_factors(20, seed=4)))


def test_a_face_does_not_depend_on_its_neighbours() -> None:
    factors = sample_factors(40, seed=0)
    alone = np.concatenate([draw_faces(row[None]) for row in factors])
    assert np.abs(alone.astype(int) - draw_faces(factors)).max() <= 1


def test_faces_are_drawn_in_every_size_that_can_be_asked_for() -> None:
    for size in (28, 33, 64, 256):
        assert draw_faces(sample_factors(2, seed=1), size=size).shape == (2, 3, size, size)


@pytest.mark.parametrize("size", [32, 64, 128])
def test_any_size_shows_the_same_face(size: int) -> None:
    factors = sample_factors(8, seed=1)
    coarse = draw_faces(factors, size=size).reshape(8, 3, 16, size // 16, 16, size // 16)
    reference = draw_faces(factors, size=64).reshape(8, 3, 16, 4, 16, 4)
    difference = coarse.mean((3, 5)) - reference.mean((3, 5))
    assert np.abs(difference).mean() < 4


@pytest.mark.parametrize("column", range(9), ids=FACTOR_NAMES)
def test_each_factor_is_visible_alone(column: int) -> None:
    rng = np.random.default_rng(column)
    low = rng.random((16, 9))
    high = low.copy()
    low[:, column], high[:, column] = 0.1, 0.9
    change = np.abs(draw_faces(low).astype(int) - draw_faces(high)).max(1)
    pixels_changed = (change > 20).mean((1, 2))
    # the mouth of a face that looks aside in the dark is the smallest change of all
    assert np.median(pixels_changed) > 0.008


def test_images_vary_smoothly_with_every_factor() -> None:
    rng = np.random.default_rng(0)
    for column in range(9):
        line = np.tile(rng.random(9), (101, 1))
        line[:, column] = np.linspace(0, 1, 101)
        images = draw_faces(line).astype(float)
        jumps = np.abs(np.diff(images, axis=0)).mean((1, 2, 3))
        assert jumps.max() < 3


def test_bad_factors_are_refused() -> None:
    with pytest.raises(ValueError, match="needs"):
        draw_faces(np.zeros((2, 8)))
    with pytest.raises(ValueError, match="between 0 and 1"):
        draw_faces(np.full((2, 9), 1.5))
    with pytest.raises(ValueError, match="between 0 and 1"):
        draw_faces(np.full((2, 9), np.nan))
