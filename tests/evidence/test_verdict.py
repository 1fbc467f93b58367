"""The verdict, where the answer is known."""

import json

import numpy as np
import pytest
from benchmarks.worlds import BETAS, SCENARIOS, make_world

from unknot.common.errors import UserError
from unknot.evidence.label_effects import UsableLabels
from unknot.evidence.preregistration import Rule
from unknot.evidence.verdict import NOT_SUPPORTED, SUPPORTED, TOO_FEW, Verdict, decide_verdict

QUICK = Rule(rotations=60)


def test_latents_that_turn_to_the_axes_are_supported() -> None:
    outcomes = [_outcome("rotated to aligned", seed) for seed in range(4)]
    assert outcomes.count(SUPPORTED) >= 3


@pytest.mark.parametrize("scenario", [name for name in SCENARIOS if name != "rotated to aligned"])
def test_what_is_no_separation_is_not_supported(scenario: str) -> None:
    """At most 5% are in the long run: benchmarks/evidence.py."""
    assert SUPPORTED not in [_outcome(scenario, seed) for seed in range(2)]


def _outcome(scenario: str, seed: int) -> str:
    world = make_world(scenario, seed=seed, num=300)
    return decide_verdict(world.runs, world.labels, world.pca, rule=QUICK).outcome


def test_a_single_seed_is_too_few_and_says_how_many_are_needed() -> None:
    world = make_world("rotated to aligned", seed=0, seeds=1, num=200)
    verdict = decide_verdict(world.runs, world.labels, world.pca, rule=QUICK)
    assert verdict.outcome == TOO_FEW
    assert verdict.seeds_needed == 5
    document = verdict.as_dict()
    assert document["contrasts"][0]["differences"]["as_trained"]["udr_over_pca"]["low"] is None


def test_three_seeds_are_too_few_however_clear_it_looks() -> None:
    world = make_world("rotated to aligned", seed=0, seeds=3, num=300)
    assert decide_verdict(world.runs, world.labels, world.pca, rule=QUICK).outcome == TOO_FEW


def test_a_collapsed_run_is_named_and_supports_nothing() -> None:
    world = make_world("rotated to aligned", seed=0, num=300)
    last = world.runs[-1]
    runs = [*world.runs[:-1], last._replace(mean=0 * last.mean, logvar=0 * last.logvar)]
    high = decide_verdict(runs, world.labels, world.pca, rule=QUICK).contrasts[-1]
    assert high.beta == BETAS[-1]
    assert high.outcome == NOT_SUPPORTED
    assert "fewer than 2 active latents: beta 16 seed 4" in high.reasons[0]


def test_what_cannot_be_asked_is_refused_in_one_line() -> None:
    world = make_world("PCA", seed=0, num=200)
    lowest = [run for run in world.runs if run.beta == 1]
    with pytest.raises(UserError, match="1 beta has finished runs; a verdict compares"):
        decide_verdict(lowest, world.labels, world.pca)
    with pytest.raises(UserError, match="no label can be tested"):
        decide_verdict(world.runs, UsableLabels((), {}), world.pca)
    shorter = [world.runs[0]._replace(mean=world.runs[0].mean[:9]), *world.runs[1:]]
    with pytest.raises(UserError, match="different numbers of images"):
        decide_verdict(shorter, world.labels, world.pca)


def test_the_order_of_the_runs_changes_nothing() -> None:
    world = make_world("rotated to aligned", seed=1, num=300)
    order = np.random.default_rng(0).permutation(len(world.runs))
    first = decide_verdict(world.runs, world.labels, world.pca, rule=QUICK)
    shuffled = decide_verdict(
        [world.runs[i] for i in order],
        world.labels,
        lambda i, dims: world.pca(int(order[i]), dims),
        rule=QUICK,
    )
    for contrast, other in zip(first.contrasts, shuffled.contrasts):
        for measure in ("selectivity", "udr_over_pca"):
            value = contrast.differences["as_trained"][measure]
            again = other.differences["as_trained"][measure]
            assert value.value == pytest.approx(again.value)
            assert value.p_value == pytest.approx(again.p_value)


def test_a_verdict_is_read_back_without_its_rotation_nulls() -> None:
    world = make_world("rotated to aligned", seed=0, seeds=2, num=200)
    verdict = decide_verdict(world.runs, world.labels, world.pca, rule=QUICK)
    assert len(verdict.rotation_nulls) == len(world.runs)
    document = json.loads(json.dumps(verdict.as_dict(), allow_nan=False))
    again = Verdict.from_dict(document)
    assert again.rotation_nulls == ()
    assert again.contrasts == verdict.contrasts
    assert again.as_dict() == verdict.as_dict()
