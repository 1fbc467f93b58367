"""Angles between what latents do, against linear decoders whose angles are known."""

import numpy as np
import pytest

from unknot.data.image_set import ImageSet
from unknot.experiments.experiment import Experiment
from unknot.experiments.papers.results import Figure
from unknot.experiments.papers.rolinek_2019 import (
    ScaledDecoder,
    cosine,
    measure,
    pca_decoder,
    trained_decoder,
)


def linear_decoder(steps: np.ndarray) -> ScaledDecoder:
    """A decoder whose latents add the rows of `steps`, pictures of 2 x 2."""
    latents = np.random.default_rng(0).standard_normal((5, len(steps)))
    return ScaledDecoder(lambda z: (z @ steps).reshape(-1, 1, 2, 2), latents, np.ones((1, 2, 2)))


def test_the_cosine_of_known_angles() -> None:
    tilted = linear_decoder(np.array([[1.0, 0, 0, 0], [3.0, 4.0, 0, 0]]))
    assert cosine(tilted) == pytest.approx(0.6)
    straight = linear_decoder(np.array([[1.0, 0, 0, 0], [0, 3.0, 0, 0]]))
    assert cosine(straight) == pytest.approx(0)


def test_a_rotation_tilts_unequal_steps_alone() -> None:
    half = np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt(2)
    unequal = linear_decoder(np.array([[1.0, 0, 0, 0], [0, 3.0, 0, 0]]))
    assert cosine(unequal, half) == pytest.approx((9 - 1) / (9 + 1))
    equal = linear_decoder(np.eye(2, 4))
    assert cosine(equal, half) == pytest.approx(0)


def test_principal_components_stand_at_right_angles(sprites: ImageSet) -> None:
    decoder = pca_decoder(sprites, 3)
    assert cosine(decoder) == pytest.approx(0, abs=1e-5)
    steps = decoder.decode(np.eye(3)).reshape(3, -1) / 255
    training = sprites.images[sprites.indices("train")].reshape(-1, 32 * 32) / 255
    variances = np.linalg.eigvalsh(np.cov(training.T, bias=True))[::-1][:3]
    assert (steps**2).sum(1) == pytest.approx(variances, rel=0.02)


def test_latents_of_a_run_are_scaled_to_the_same_spread(
    sprites: ImageSet, vaes: dict[str, Experiment]
) -> None:
    run = vaes["beta_vae"].runs()[0]
    decoder = trained_decoder(run, sprites)
    codes = run.encode(sprites.images[sprites.indices("test")])
    assert decoder.latents.shape[1] == (codes.var(0) > 0.01).sum()
    codes[:, codes.var(0) <= 0.01] = codes.mean(0)[codes.var(0) <= 0.01]
    pictures = run.decode(codes[: len(decoder.latents)])
    assert decoder.decode(decoder.latents) == pytest.approx(pictures, abs=0.6)


def test_the_table_has_a_row_for_each_kind_of_decoder(
    sprites: ImageSet, vaes: dict[str, Experiment]
) -> None:
    (table,) = measure(vaes, sprites)
    assert list(table.rows) == ["PCA", "untrained network", "VAE (beta 1)", "beta-VAE (beta 4)"]
    assert table.rows["PCA"][0] == Figure(value=0, low=0, high=0)
    in_use = [row[2] for row in table.rows.values()]
    assert all(isinstance(cell, Figure) and cell.value <= 3 for cell in in_use)
