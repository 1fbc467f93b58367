"""Codes without training, and the table of Higgins' metric."""

import numpy as np
import pytest

from unknot.data.image_set import ImageSet
from unknot.experiments.experiment import Experiment
from unknot.experiments.papers import higgins_2017
from unknot.experiments.papers.higgins_2017 import coarse_pixels, ica_codes, measure, pca_codes
from unknot.experiments.papers.results import Figure
from unknot.metrics.settings import NullSettings


def test_codes_of_pca_are_the_projections_of_a_singular_value_decomposition(
    sprites: ImageSet,
) -> None:
    training, rows = sprites.indices("train"), sprites.indices("test")
    flat = sprites.images.reshape(len(sprites), -1) / 255
    axes = np.linalg.svd(flat[training] - flat[training].mean(0), full_matrices=False)[2][:2]
    codes = pca_codes(sprites, rows, 2)
    expected = flat[rows] @ axes.T
    assert np.abs(np.corrcoef(codes.T, expected.T)[:2, 2:]).round(3) == pytest.approx(
        np.eye(2), abs=0.15
    )
    assert np.abs(codes).std(0) == pytest.approx(np.abs(expected).std(0), rel=0.05)


def test_codes_of_ica_are_a_rotation_of_whitened_pca(sprites: ImageSet) -> None:
    training = sprites.indices("train")
    independent, principal = ica_codes(sprites, training, 3), pca_codes(sprites, training, 3)
    assert np.cov(independent.T, bias=True) == pytest.approx(np.eye(3), abs=1e-3)
    inputs = np.column_stack([principal, np.ones(len(principal))])
    residual = independent - inputs @ np.linalg.lstsq(inputs, independent, rcond=None)[0]
    assert np.abs(residual).max() < 1e-3


def test_coarse_pixels_are_means_of_blocks(sprites: ImageSet) -> None:
    coarse = coarse_pixels(sprites, np.array([3]))
    assert coarse.shape == (1, 256)
    assert coarse[0, 17] == pytest.approx(sprites.images[3, 0, 2:4, 2:4].mean())


def test_the_table_has_a_row_for_each_kind_of_codes(
    sprites: ImageSet, vaes: dict[str, Experiment], monkeypatch: pytest.MonkeyPatch
) -> None:
    few = NullSettings(permutations=2, rotations=2, subsamples=0, max_points=100)
    monkeypatch.setattr(higgins_2017, "NULLS", few)
    monkeypatch.setattr(higgins_2017, "coarse_pixels", lambda _, rows: np.eye(len(rows), 4))
    (table,) = measure(vaes, sprites)
    trained = ["VAE (beta 1)", "beta-VAE (beta 4)"]
    fixed = ["true factors", "raw pixels", "PCA", "ICA", "untrained network"]
    assert list(table.rows) == [*fixed, *trained]
    assert all(isinstance(row[0], Figure) for row in table.rows.values())
