"""Gaps and shares of mutual information against closed forms; total correlation of Gaussians."""

import numpy as np
import pytest

from tests.metrics.codes import ROTATION, world
from unknot.metrics import jemmig, mig, mig_sup, total_correlation
from unknot.metrics.estimators.entropy import Information
from unknot.metrics.information_based import (
    information_gap,
    joint_entropy_gap,
    latent_information_gap,
    latent_modularity,
)


def test_mig_of_perfect_codes_with_many_levels() -> None:
    """Equal-width bins gave 0.45 here."""
    factors, perfect = world(10_000, levels=(40, 32))
    noisy = perfect + 1e-3 * np.random.default_rng(0).standard_normal(perfect.shape)
    assert mig(perfect, factors).value >= 0.97
    assert mig(noisy, factors).value > 0.9


def information(num_levels: int, noise: float) -> float:
    """Integrate what a factor of unit variance with normal noise tells of the factor."""
    levels = (np.arange(num_levels) - (num_levels - 1) / 2) / np.sqrt((num_levels**2 - 1) / 12)
    grid, step = np.linspace(-2 - 8 * noise, 2 + 8 * noise, 4_000, retstep=True)
    density = np.exp(-0.5 * ((grid[:, None] - levels) / noise) ** 2).mean(1)
    density = np.maximum(density / (noise * np.sqrt(2 * np.pi)), 1e-300)
    return -(density * np.log(density)).sum() * step - 0.5 * np.log(2 * np.pi * np.e * noise**2)


def noisy_world(num_levels: int, num: int) -> tuple[np.ndarray, np.ndarray]:
    """Two factors, and each of them in two latents: with noise of .05 and of 1."""
    factors, perfect = world(num, levels=(num_levels, num_levels))
    codes = np.hstack([perfect, perfect])
    noise = np.random.default_rng(1).standard_normal(codes.shape)
    return factors, codes + np.array([0.05, 0.05, 1, 1]) * noise


@pytest.mark.parametrize("num_levels", [5, 40, 200])
def test_gaps_are_those_of_integrated_information(num_levels: int) -> None:
    """At 1,000 images bins gave .73, .54 and .06 for MIG where .79, .68 and .47 are right."""
    factors, codes = noisy_world(num_levels, 1_000)
    strong, weak = information(num_levels, 0.05), information(num_levels, 1)
    entropy, num_bins = np.log(num_levels), max(num_levels, 20)
    kinds = {"factor_kinds": ["discrete"] * 2}
    assert mig(codes, factors, **kinds).value == pytest.approx((strong - weak) / entropy, abs=0.03)
    found = mig_sup(codes, factors, **kinds).value
    assert found == pytest.approx((strong + weak) / 2 / entropy, abs=0.03)
    expected = (2 * strong - weak) / (entropy + np.log(num_bins))
    assert jemmig(codes, factors, **kinds).value == pytest.approx(expected, abs=0.03)


@pytest.mark.parametrize("num_levels", [5, 40, 200])
def test_gaps_of_permuted_factors_are_near_nothing(num_levels: int) -> None:
    """JEMMIG over bins was .30 here for 200 levels."""
    factors, codes = noisy_world(num_levels, 1_000)
    permuted = np.random.default_rng(2).permutation(factors)
    for score in (mig, mig_sup, jemmig):
        assert score(codes, permuted, factor_kinds=["discrete"] * 2).value < 0.03


def test_images_that_repeat_do_not_tell_everything() -> None:
    """Codes without noise: between the copies of an image neighbors see no difference."""
    for num in (1_000, 2_000, 5_000):
        factors, perfect = world(num)
        assert mig(perfect @ ROTATION, factors).value == pytest.approx(0.46, abs=0.03)


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


def test_total_correlation_of_a_latent_given_twice_is_unbounded() -> None:
    codes = np.random.default_rng(0).standard_normal((1_000, 2))
    found = total_correlation(np.hstack([codes, codes]), np.arange(1_000) % 2)
    assert found.value == np.inf
    assert any(flag.startswith("unbounded") for flag in found.flags)


def test_gaps_of_known_tables() -> None:
    entropies = np.log([2, 4])
    information = np.array([[np.log(2), 0], [0, np.log(2)], [0, 0]])
    assert information_gap(information, entropies) == pytest.approx([1, 0.5])
    assert latent_information_gap(information, entropies) == pytest.approx([1, 0.5, 0])
    twice = information[[0, 0, 1]]
    assert information_gap(twice, entropies) == pytest.approx([0, 0.5])


def test_joint_entropy_gap_of_a_latent_with_and_without_other_content() -> None:
    bits = np.log(2)
    exact = Information(
        corrected=np.array([[bits]]),
        plug_in=np.array([[bits]]),
        joint_entropy=np.array([[bits]]),
        num_bins=np.array([[2.0]]),
        entropy=np.array([bits]),
    )
    assert joint_entropy_gap(exact) == pytest.approx([1])
    more = exact._replace(joint_entropy=np.array([[2 * bits]]), num_bins=np.array([[4.0]]))
    assert joint_entropy_gap(more) == pytest.approx([2 / 3])


def test_modularity_of_known_rows() -> None:
    rows = np.array([[2.0, 0, 0], [1, 1, 1], [0, 0, 0], [2, 1, 1]])
    assert latent_modularity(rows) == pytest.approx([1, 0, 0, 0.75])
