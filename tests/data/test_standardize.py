"""Standardization."""

import numpy as np
import pytest

from unknot.common.errors import UserError
from unknot.data.standardize import STD_FLOOR, Standardizer, fit_standardizer, moments


def apply(standardizer: Standardizer, images: np.ndarray) -> np.ndarray:
    return (images / 255 - standardizer.mean) / standardizer.std


@pytest.fixture
def images() -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (700, 3, 8, 8), dtype=np.uint8)


@pytest.mark.parametrize("chunk_bytes", [2**24, 33 * 3 * 8 * 8, 1])
def test_sums_are_exact(
    images: np.ndarray, chunk_bytes: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unknot.data.standardize.CHUNK_BYTES", chunk_bytes)
    chosen = np.arange(0, 700, 2)
    sums = moments(images, chosen)
    exact = images[chosen].astype(np.int64)
    assert np.array_equal(sums.total, exact.sum(0))
    assert np.array_equal(sums.total_squares, (exact**2).sum(0))


def test_per_pixel_has_mean_0_and_deviation_1(images: np.ndarray) -> None:
    scaled = apply(fit_standardizer("per_pixel", moments(images, np.arange(700))), images)
    assert np.abs(scaled.mean(0)).max() < 1e-5
    assert np.abs(scaled.std(0) - 1).max() < 1e-5


def test_per_channel_has_mean_0_and_deviation_1_per_channel(images: np.ndarray) -> None:
    scaled = apply(fit_standardizer("per_channel", moments(images, np.arange(700))), images)
    assert np.abs(scaled.mean((0, 2, 3))).max() < 1e-5
    assert np.abs(scaled.std((0, 2, 3)) - 1).max() < 1e-5


def test_a_pixel_lit_once_is_no_spike() -> None:
    images = np.zeros((10_000, 1, 2, 2), np.uint8)
    images[0, 0, 0, 0] = 255
    standardizer = fit_standardizer("per_pixel", moments(images, np.arange(10_000)))
    assert standardizer.std[0, 1, 1] == np.float32(STD_FLOOR)
    assert standardizer.num_floored == 3  # its deviation of 0.01 is above the floor
    assert np.abs(apply(standardizer, images)).max() < 128


def test_unknown_kind_is_refused(images: np.ndarray) -> None:
    with pytest.raises(UserError, match="per_pixel, per_channel, unit"):
        fit_standardizer("pixelwise", moments(images, np.arange(5)))
