"""Agreement of models that differ in their seed."""

import numpy as np
import pytest

from unknot.common.errors import UserError
from unknot.metrics import udr
from unknot.metrics.agreement import match


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


def test_agreement_of_bad_codes_is_refused() -> None:
    with pytest.raises(UserError, match="not finite"):
        udr([np.full((30, 2), np.nan)] * 2)
    with pytest.raises(UserError, match="similarity is 'cosine'"):
        udr([_codes(), _codes()], similarity="cosine")  # type: ignore[arg-type]
