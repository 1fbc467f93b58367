"""Entropies and mutual information against closed forms and another implementation."""

import numpy as np
import pytest
from sklearn.feature_selection import mutual_info_classif

from tests.measure.codes import world
from unknot.measure import mig, total_correlation
from unknot.measure.bins import rank_bins, width_bins
from unknot.measure.information import entropy, mutual_information
from unknot.measure.neighbours import (
    entropy as differential_entropy,
)
from unknot.measure.neighbours import (
    information_with_levels,
    multi_information,
)


def test_entropy_of_known_tables() -> None:
    assert entropy(np.array([1, 1, 1, 1])) == pytest.approx(np.log(4))
    assert entropy(np.array([0.5, 0.25, 0.25, 0])) == pytest.approx(1.5 * np.log(2))
    assert entropy(np.array([7, 0])) == 0


def test_mutual_information_of_known_tables() -> None:
    assert mutual_information(np.eye(3)) == pytest.approx(np.log(3))
    assert mutual_information(np.outer([1, 2], [3, 4, 5])) == pytest.approx(0)
    both = np.array([[0.4, 0.1], [0.1, 0.4]])  # a binary symmetric channel
    expected = np.log(2) + 0.8 * np.log(0.8) + 0.2 * np.log(0.2)
    assert mutual_information(both) == pytest.approx(expected)


def test_the_correction_takes_the_bias_of_independent_tables_away() -> None:
    rng = np.random.default_rng(0)
    tables = [
        np.histogram2d(*rng.integers(10, size=(2, 2_000)), bins=(range(11), range(11)))[0]
        for _ in range(50)
    ]
    plug_in = np.mean([mutual_information(t) for t in tables])
    corrected = np.mean([mutual_information(t, corrected=True) for t in tables])
    assert plug_in == pytest.approx(81 / 4_000, rel=0.1)  # (K - 1)(B - 1) / 2N
    assert abs(corrected) < 0.002


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
    code = levels + rng.standard_normal(3_000)
    code = np.round(code, 1) if ties else code
    theirs = mutual_info_classif(code[:, None], levels, n_neighbors=10, random_state=0)[0]
    # Theirs tells equal values apart by random noise, ours in expectation.
    assert information_with_levels(levels, code) == pytest.approx(theirs, abs=0.01)


@pytest.mark.parametrize(("dim", "correlation"), [(3, 0.0), (3, 0.6), (6, 0.5), (10, 0.3)])
def test_total_correlation_of_gaussians(dim: int, correlation: float) -> None:
    cov = np.full((dim, dim), correlation) + (1 - correlation) * np.eye(dim)
    codes = np.random.default_rng(0).multivariate_normal(np.zeros(dim), cov, 10_000)
    expected = -0.5 * np.linalg.slogdet(cov)[1]
    found = total_correlation(codes, np.arange(10_000) % 2).value
    assert found == pytest.approx(expected, abs=0.1)


def test_total_correlation_sees_more_than_linear_correlation() -> None:
    angle = np.random.default_rng(0).uniform(0, 2 * np.pi, 5_000)
    ring = np.stack([np.cos(angle), np.sin(angle)], 1)
    ring += 0.1 * np.random.default_rng(1).standard_normal(ring.shape)
    assert total_correlation(ring, np.arange(5_000) % 2).value > 0.5


def test_total_correlation_of_a_code_given_twice_is_unbounded() -> None:
    code = np.random.default_rng(0).standard_normal((1_000, 2))
    found = total_correlation(np.hstack([code, code]), np.arange(1_000) % 2)
    assert found.value == np.inf
    assert any(flag.startswith("unbounded") for flag in found.flags)


def test_differential_entropy_of_a_gaussian() -> None:
    code = 3 * np.random.default_rng(0).standard_normal(10_000)
    assert differential_entropy(code) == pytest.approx(0.5 * np.log(2 * np.pi * np.e * 9), abs=0.03)


def test_mig_of_a_perfect_code_with_many_levels() -> None:
    """Equal-width bins gave 0.45 here."""
    factors, perfect = world(10_000, levels=(40, 32))
    noisy = perfect + 1e-3 * np.random.default_rng(0).standard_normal(perfect.shape)
    assert mig(perfect, factors).value >= 0.97
    assert mig(noisy, factors).value > 0.9


def test_rank_bins_keep_equal_values_together_and_shares_even() -> None:
    values = np.random.default_rng(0).standard_normal(1_000).round(2)
    bins, num = rank_bins(values, 20)
    assert num == 20
    assert all(len(set(bins[values == value])) == 1 for value in np.unique(values))
    assert np.ptp(np.bincount(bins)) < 30


def test_few_values_are_their_own_bins() -> None:
    bins, num = rank_bins(np.array([3.0, -1.0, 3.0, 8.0]), 20)
    assert num == 3
    assert bins.tolist() == [1, 0, 1, 2]


def test_width_bins_reach_from_the_least_to_the_largest() -> None:
    assert width_bins(np.array([0.0, 0.1, 0.5, 1.0]), 4).tolist() == [0, 0, 2, 3]
    assert width_bins(np.ones(3), 4).tolist() == [0, 0, 0]
