"""Metrics that hold a factor fixed, on grids with holes and rare values."""

import numpy as np
import pytest

from tests.metrics.codes import NO_NULLS, world
from unknot.metrics import beta_vae_score, factor_vae_score, irs, score


def test_an_incomplete_grid_is_no_obstacle() -> None:
    factors, perfect = world(3_000)
    present = ~((factors[:, 0] == 1) & (factors[:, 1] < 3))
    found = score(perfect[present], factors[present], nulls=NO_NULLS)
    assert found["dci_disentanglement"].value > 0.95
    assert found["beta_vae_score"].value > 0.97


def test_values_with_too_few_rows_are_skipped_and_counted() -> None:
    factors, perfect = world(1_000)
    factors[0, 0] = 99
    found = beta_vae_score(perfect, factors)
    assert "values of factor 1 with too few points: 1" in found.flags
    assert found.value > 0.95


def test_chance_levels_of_sampled_metrics() -> None:
    factors, _ = world(3_000)
    noise = np.random.default_rng(3).standard_normal((3_000, 4))
    found = score(noise, factors, metrics=["beta_vae_score", "factor_vae_score"], nulls=NO_NULLS)
    for key in ("beta_vae_score", "factor_vae_score"):
        assert found[key].chance == 0.25
        assert found[key].value == pytest.approx(0.25, abs=0.03), key  # 3 sd of 5,000 guesses: .018


def test_levels_that_occur_once_do_not_look_robust() -> None:
    rng = np.random.default_rng(0)
    factors, _ = world(3_000)
    noise = rng.standard_normal((3_000, 3))
    before = score(noise, factors, metrics=["irs"], nulls=NO_NULLS)["irs"].value
    factors[:40, 0] = np.arange(100, 140)
    after = score(noise, factors, metrics=["irs"], nulls=NO_NULLS)["irs"].value
    assert after == pytest.approx(before, abs=0.05)


def test_sets_with_fewer_than_64_points_are_flagged() -> None:
    factors, perfect = world(200)
    result = factor_vae_score(perfect, factors)
    assert any(flag.endswith("points, not 64, for factor 1") for flag in result.flags)


def test_only_a_factor_that_fixes_a_latent_makes_it_robust() -> None:
    factors, perfect = world(2_000)
    assert irs(perfect, factors).value == pytest.approx(1, abs=1e-9)
    assert irs(perfect, factors[:, :1]).per_latent[1] < 0.3


def test_irs_of_values_of_which_one_is_rare() -> None:
    """The latent stands still where the common value is fixed, and moves where the rare one is."""
    factor = np.repeat([0, 1], [1_800, 200])
    latent = np.where(factor == 1, 1, 0.1) * np.tile([-1, 1], 1_000)
    assert irs(latent[:, None], factor).value == pytest.approx(1 - (0.1 + 1) / 2)
