"""Tests of putting the tests of beta on several bases together."""

import json

import numpy as np
import pytest

from unknot.evidence.beta_bases import BetaDecision, combine_bases
from unknot.evidence.beta_test import BetaTest, beta_test
from unknot.evidence.preregistration import LABELS, PICTURES

RNG = np.random.default_rng(0)
NOTHING = beta_test(RNG.standard_normal((3, 3)))
CLEAR = beta_test(RNG.standard_normal((3, 3)) + np.array([0, 0, 20]))


def _with_p(p_value: float, *, special: bool = True) -> BetaTest:
    (result, *_) = CLEAR.results
    document = result.as_dict() | {"p_values": {"as_trained": p_value}, "special": special}
    return BetaTest.from_dict(CLEAR.as_dict() | {"results": [document]})


@pytest.mark.parametrize(
    ("first", "second", "corrected", "supported"),
    [
        (0.01, 0.5, (0.02, 0.5), (True, False)),
        (0.03, 0.5, (0.06, 0.5), (False, False)),
        (0.03, 0.04, (0.04, 0.04), (True, True)),
        (0.01, 0.04, (0.02, 0.04), (True, True)),
        (0.01, 0.02, (0.02, 0.02), (True, True)),
        (1.0, 1.0, (1.0, 1.0), (False, False)),
    ],
)
def test_two_bases_are_corrected_by_hochbergs_procedure(first, second, corrected, supported):
    decision = combine_bases({LABELS: _with_p(first), PICTURES: _with_p(second)})
    assert tuple(decision.p_values.values()) == pytest.approx(corrected)
    assert tuple(bool(betas) for betas in decision.supported.values()) == supported
    assert bool(decision.betas) == (decision.p_value <= 0.05)


def test_one_basis_needs_no_correction():
    decision = combine_bases({PICTURES: CLEAR})
    assert decision.p_value == CLEAR.p_value == 2 / 1680
    assert decision.betas == (2,)
    assert not combine_bases({PICTURES: NOTHING}).betas


def test_a_beta_whose_axes_are_not_special_does_not_count():
    decision = combine_bases({LABELS: _with_p(0.001, special=False)})
    assert decision.p_value == 1
    assert not decision.betas


def test_a_basis_alone_may_leave_half_as_many_rotations_above_its_axes():
    def with_share(share: float) -> BetaTest:
        (result, *_) = _with_p(0.001).results
        document = result.as_dict() | {"share_above": share}
        return BetaTest.from_dict(CLEAR.as_dict() | {"results": [document]})

    assert combine_bases({LABELS: with_share(0.05)}).betas
    assert not combine_bases({LABELS: with_share(0.05), PICTURES: NOTHING}).betas
    assert combine_bases({LABELS: with_share(0.025), PICTURES: NOTHING}).betas
    assert combine_bases({LABELS: with_share(0.05), PICTURES: with_share(0.04)}).betas


def test_nothing_tested_supports_nothing():
    assert combine_bases({}).p_value == 1
    assert combine_bases({}).betas == ()


def test_a_decision_is_read_back_as_it_was():
    decision = combine_bases({LABELS: CLEAR, PICTURES: NOTHING})
    document = json.loads(json.dumps(decision.as_dict()))
    assert BetaDecision.from_dict(document) == decision
