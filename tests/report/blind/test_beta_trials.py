"""Trials of two runs: latents that go together, the same way round."""

import numpy as np
import pytest

from tests.report.blind.small import decode, made_codes
from unknot.common.errors import UserError
from unknot.report.blind.beta_trials import LEAST_CORRELATION, beta_trials
from unknot.report.blind.codes import BlindCodes
from unknot.report.blind.strips import mean_changes
from unknot.report.blind.trials import Trial
from unknot.report.latent_pairs import pair_latents

ORDER, SIGNS = [2, 0, 3, 1], np.array([1, -1, -1, 1])


def _other(codes: BlindCodes) -> BlindCodes:
    """The same latents in another order, two of them turned over."""
    return codes._replace(mean=2 * SIGNS * codes.mean[:, ORDER])


def _trials(first: BlindCodes, second: BlindCodes) -> list[Trial]:
    return beta_trials((decode, decode), first, second, np.random.default_rng(0))


def test_latents_are_paired_by_their_codes_and_never_by_number() -> None:
    codes = made_codes(num=500)
    pairs = {
        pair.latent: pair for pair in pair_latents(codes, _other(codes), least=LEAST_CORRELATION)
    }
    assert {latent: pair.partner for latent, pair in pairs.items()} == {2: 0, 0: 1, 3: 2, 1: 3}
    assert [round(pairs[latent].correlation) for latent in (2, 0, 3, 1)] == SIGNS.tolist()


def test_unlike_latents_are_no_pair() -> None:
    codes, others = made_codes(num=500), made_codes(num=500, seed=1)
    assert pair_latents(codes, others, least=LEAST_CORRELATION) == []
    assert pair_latents(codes, made_codes(0, num=500)) == []
    with pytest.raises(UserError, match="no latent of one goes with"):
        _trials(codes, others)


def test_strips_begin_at_the_same_end_and_change_the_picture_equally() -> None:
    codes = made_codes()
    trials = _trials(codes, _other(codes))
    assert len(trials) == 12
    for trial in trials:
        partner = trial.partner
        assert partner is not None
        along = (trial.first[1] - trial.first[0])[trial.latent]
        assert along > 0
        assert np.sign((trial.second[1] - trial.second[0])[partner]) == SIGNS[partner]
    changes = [
        mean_changes(decode, np.array([getattr(trial, side) for trial in trials]))
        for side in ("first", "second")
    ]
    assert changes[0] == pytest.approx(changes[1], rel=0.01)


def test_too_few_trials_are_said() -> None:
    codes = made_codes()
    few = codes._replace(spare=codes.spare[:6])
    with pytest.raises(UserError, match="6 pairs of strips can be made"):
        _trials(few, _other(few))
