"""Posteriors beside their prior."""

import numpy as np
import pytest

from unknot.common.errors import UserError
from unknot.metrics import active_units, marginal_kl


def test_active_units_by_the_variance_of_the_mean() -> None:
    means = np.random.default_rng(0).standard_normal((1_000, 3)) * [1, 0.2, 0.05]
    assert active_units(means).tolist() == [True, True, False]


def test_codes_that_fill_the_prior_have_no_mismatch() -> None:
    mean = np.random.default_rng(0).standard_normal((5_000, 3)) * 0.8
    logvar = np.full_like(mean, np.log(1 - 0.64))
    assert marginal_kl(mean, logvar).total < 0.1


def test_mismatch_of_a_known_gaussian() -> None:
    mean = 2 + np.random.default_rng(0).standard_normal((5_000, 1)) * 0.5
    found = marginal_kl(mean, np.full_like(mean, -20.0))
    expected = -np.log(0.5) + (0.25 + 4) / 2 - 0.5
    assert found.total == pytest.approx(expected, abs=0.1)


def test_mismatch_needs_both_parameters_of_one_shape() -> None:
    with pytest.raises(UserError, match="both must be"):
        marginal_kl(np.zeros((30, 2)), np.zeros((30, 3)))


def test_means_that_are_not_finite_are_refused() -> None:
    with pytest.raises(UserError, match="not finite"):
        active_units(np.full((30, 2), np.nan))
