"""Agreement of models, and posteriors beside their prior."""

import numpy as np
import pytest

from unknot.errors import UserError
from unknot.measure import active_units, aggregate_mismatch, udr
from unknot.measure.agreement import match


def _codes(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).standard_normal((2_000, 4))


def test_identical_codes_agree_to_the_lassos_bound() -> None:
    found = udr([_codes(), _codes()[:, [2, 0, 3, 1]] * [-1, 2, 1, 3]])
    assert found.value == pytest.approx(0.90, abs=0.01)


def test_rank_correlation_of_identical_codes_is_high() -> None:
    assert udr([_codes(), _codes()], similarity="spearman").value > 0.9


def test_rotated_codes_agree_less() -> None:
    rotation = np.linalg.qr(np.random.default_rng(1).standard_normal((4, 4)))[0]
    assert udr([_codes(), _codes() @ rotation]).value < 0.6


def test_each_model_gets_its_median_over_the_others() -> None:
    found = udr([_codes(), _codes(), _codes(9)])
    assert found.pairs.shape == (3, 3)
    assert found.pairs[0, 1] > 0.8 > found.pairs[0, 2]
    assert found.models[0] == pytest.approx(np.median([found.pairs[0, 1], found.pairs[0, 2]]))


def test_dead_codes_are_left_out() -> None:
    dead = np.hstack([_codes(), 1e-3 * _codes(5)])
    assert udr([dead, dead], active_above=0.1).value == pytest.approx(0.90, abs=0.01)
    assert udr([np.zeros((50, 3))] * 2).value == 0


def test_matching_of_known_tables() -> None:
    assert match(np.eye(3)) == 1
    assert match(np.full((2, 2), 0.5)) == pytest.approx(0.25)


def test_too_few_models_are_refused() -> None:
    with pytest.raises(UserError, match="1 models with"):
        udr([_codes()])
    with pytest.raises(UserError, match="same images"):
        udr([_codes(), _codes()[:5]])


def test_active_units_by_the_variance_of_the_mean() -> None:
    means = np.random.default_rng(0).standard_normal((1_000, 3)) * [1, 0.2, 0.05]
    assert active_units(means).tolist() == [True, True, False]


def test_codes_that_fill_the_prior_have_no_mismatch() -> None:
    mean = np.random.default_rng(0).standard_normal((5_000, 3)) * 0.8
    logvar = np.full_like(mean, np.log(1 - 0.64))
    assert aggregate_mismatch(mean, logvar).total < 0.1


def test_mismatch_of_a_known_gaussian() -> None:
    mean = 2 + np.random.default_rng(0).standard_normal((5_000, 1)) * 0.5
    found = aggregate_mismatch(mean, np.full_like(mean, -20.0))
    expected = -np.log(0.5) + (0.25 + 4) / 2 - 0.5
    assert found.total == pytest.approx(expected, abs=0.1)


def test_mismatch_needs_both_parameters_of_one_shape() -> None:
    with pytest.raises(UserError, match="both must be"):
        aggregate_mismatch(np.zeros((30, 2)), np.zeros((30, 3)))


def test_agreement_of_bad_codes_is_refused() -> None:
    with pytest.raises(UserError, match="not finite"):
        udr([np.full((30, 2), np.nan)] * 2)
    with pytest.raises(UserError, match="similarity is 'cosine'"):
        udr([_codes(), _codes()], similarity="cosine")  # type: ignore[arg-type]
    with pytest.raises(UserError, match="not finite"):
        active_units(np.full((30, 2), np.nan))
