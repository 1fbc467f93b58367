"""Counting the answers: sizes and powers by simulation, and by hand."""

from dataclasses import replace

import numpy as np
import pytest

from unknot.evidence.corrections import holm
from unknot.report.blind.answers import Answers
from unknot.report.blind.pooling import count, pool
from unknot.report.blind.trials import BETAS, LATENTS, BlindTest, Trial

NUM_READERS = 2_000
ENDS = np.zeros((2, 3))


def _test(num: int = 12, **changes: object) -> BlindTest:
    trials = [
        Trial(image=i, latent=i % 3, partner=None, first=ENDS, second=ENDS, change=3.0)
        for i in range(num)
    ]
    test = BlindTest(
        kind=LATENTS,
        runs=("a", "a"),
        titles=("beta 1", "beta 1"),
        correlations={},
        trials=trials,
        digest="0" * 12,
    )
    return replace(test, **changes)


def _answers(chosen: list[bool], *, reader: int = 0, attempt: int = 1) -> Answers:
    return Answers(
        kind=LATENTS,
        digest="0" * 12,
        reader=reader,
        attempt=attempt,
        chose_first=tuple(chosen),
    )


def _readers(num_trials: int, share: float) -> list[int]:
    """How often simulated readers are right who are right with some probability."""
    rng = np.random.default_rng([num_trials, int(100 * share)])
    return (rng.random((NUM_READERS, num_trials)) < share).sum(1).tolist()


def test_perfect_answers_in_twelve_trials() -> None:
    pooled = pool(_test(), [_answers([True] * 12)]).pooled
    assert pooled is not None
    assert (pooled.chosen, pooled.num) == (12, 12)
    assert pooled.p_value == pytest.approx(0.00024, abs=5e-6)


@pytest.mark.parametrize("num_trials", [8, 12, 16, 20])
def test_who_guesses_passes_in_at_most_five_percent_of_the_tests(num_trials: int) -> None:
    rates = []
    for kind in (LATENTS, BETAS):
        chosen = _readers(num_trials, 0.5)
        p_values = np.array([count(kind, "", k, num_trials).p_value for k in chosen])
        rates.append((p_values <= 0.05).mean())
    assert max(rates) <= 0.05


def test_readers_together_who_guess_pass_as_seldom() -> None:
    chosen = np.reshape(_readers(12, 0.5), (-1, 5)).sum(1).tolist()
    p_values = np.array([count(LATENTS, "", k, 60).p_value for k in chosen])
    assert (p_values <= 0.05).mean() <= 0.05 + 3 * np.sqrt(0.05 * 0.95 / 400)


@pytest.mark.parametrize(("share", "least"), [(0.75, 0.35), (0.9, 0.85)])
def test_who_sees_it_passes(share: float, least: float) -> None:
    p_values = np.array([count(LATENTS, "", k, 12).p_value for k in _readers(12, share)])
    assert (p_values <= 0.05).mean() >= least


def test_a_preference_counts_to_either_side() -> None:
    low, high = count(BETAS, "", 2, 12).p_value, count(BETAS, "", 10, 12).p_value
    assert low == pytest.approx(high)
    assert low == pytest.approx(2 * count(LATENTS, "", 10, 12).p_value)


def test_first_attempts_are_pooled_and_repeats_are_not() -> None:
    right, wrong = [True] * 12, [False] * 12
    answers = [
        _answers(right, reader=7),
        _answers(wrong, reader=8),
        _answers(right, reader=7, attempt=2),
        _answers(right, reader=9, attempt=3),
    ]
    pooled = pool(_test(), answers)
    assert [(each.what, each.chosen) for each in pooled.readers] == [
        ("reader 1", 12),
        ("reader 2", 0),
    ]
    assert pooled.pooled is not None
    assert (pooled.pooled.chosen, pooled.pooled.num) == (12, 24)
    assert [each.what for each in pooled.repeats] == ["reader 1, attempt 2", "reader 3, attempt 3"]
    only_repeats = pool(_test(), answers[2:])
    assert only_repeats.pooled is None
    assert only_repeats.latents == []


def test_each_latent_is_counted_and_corrected() -> None:
    chosen = [i % 3 == 1 for i in range(12)]
    latents = pool(_test(), [_answers(chosen), _answers(chosen, reader=1)]).latents
    assert [(each.what, each.chosen, each.num) for each in latents] == [
        ("latent 0", 0, 8),
        ("latent 1", 8, 8),
        ("latent 2", 0, 8),
    ]
    assert [each.p_value for each in latents] == holm([1.0, 0.5**8, 1.0])


def test_of_two_betas_the_second_is_counted() -> None:
    trials = [replace(trial, partner=1) for trial in _test().trials]
    pairs = {(i, 1): 0.5 + i / 10 for i in range(3)}
    test = _test(kind=BETAS, titles=("beta 1", "beta 9"), trials=trials, correlations=pairs)
    answers = replace(_answers([True] * 11 + [False]), kind=BETAS)
    pooled = pool(test, [answers])
    assert pooled.chosen == "beta 9"
    assert pooled.readers[0].chosen == 1
    assert pooled.latents[0].what == "latents 0 and 1 (correlation 0.50)"


def test_answers_to_another_test_are_refused() -> None:
    with pytest.raises(ValueError, match="another test"):
        pool(_test(digest="1" * 12), [_answers([True] * 12)])
