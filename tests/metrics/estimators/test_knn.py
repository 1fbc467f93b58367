"""Estimates from neighbors against closed forms and another implementation."""

import numpy as np
import pytest
from sklearn.feature_selection import mutual_info_classif

from unknot.metrics.estimators.knn import entropy as differential_entropy
from unknot.metrics.estimators.knn import (
    information_with_levels,
    multi_information,
    total_correlation,
)


@pytest.mark.parametrize("correlation", [0.0, 0.5, 0.9])
def test_mutual_information_of_gaussians(correlation: float) -> None:
    rng = np.random.default_rng(0)
    cov = [[1, correlation], [correlation, 1]]
    found = [multi_information(rng.multivariate_normal([0, 0], cov, 10_000)) for _ in range(3)]
    assert np.mean(found) == pytest.approx(-0.5 * np.log(1 - correlation**2), abs=0.02)


@pytest.mark.parametrize("ties", [False, True])
def test_information_with_levels_agrees_with_scikit_learn(ties: bool) -> None:
    rng = np.random.default_rng(0)
    levels = rng.integers(5, size=3_000)
    latent = levels + rng.standard_normal(3_000)
    latent = np.round(latent, 1) if ties else latent
    theirs = mutual_info_classif(latent[:, None], levels, n_neighbors=10, random_state=0)[0]
    # Theirs tells equal values apart by random noise, ours in expectation.
    assert information_with_levels(levels, latent) == pytest.approx(theirs, abs=0.01)


def test_differential_entropy_of_a_gaussian() -> None:
    latent = 3 * np.random.default_rng(0).standard_normal(10_000)
    assert differential_entropy(latent) == pytest.approx(
        0.5 * np.log(2 * np.pi * np.e * 9), abs=0.03
    )


def test_total_correlation_of_one_latent_and_of_a_copy() -> None:
    rng = np.random.default_rng(0)
    latent = rng.standard_normal((500, 1))
    assert total_correlation(latent, rng) == 0
    assert total_correlation(np.hstack([latent, 2 * latent]), rng) == np.inf
