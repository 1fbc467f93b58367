"""The verdict: its pieces against closed forms, and its answers where the answer is known."""

from itertools import permutations

import numpy as np
import pytest
from benchmarks.worlds import BETAS, SCENARIOS, make_world

from unknot.errors import UserError
from unknot.evidence.contrast import (
    agreement_of,
    difference,
    holm,
    least_p_value,
    mean_of,
    seeds_to_reach,
)
from unknot.evidence.plan import Rule
from unknot.evidence.position import position
from unknot.evidence.verdict import NOT_SUPPORTED, SUPPORTED, TOO_FEW, judge
from unknot.measure.agreement import udr
from unknot.measure.association import Labels, effects, read_labels, selectivity

QUICK = Rule(rotations=60)


def _rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize(("num", "least"), [(3, 0.1), (4, 0.0286), (5, 0.0079)])
def test_the_least_p_value_is_that_of_separated_groups(num: int, least: float) -> None:
    found = difference(mean_of([*range(num), *range(10, 10 + num)]), num, num, _rng())
    assert found.p_value == pytest.approx(least, abs=1e-4)
    assert found.p_value == pytest.approx(least_p_value(num, num))
    assert found.value == pytest.approx(10)


def test_the_p_value_counts_the_ways_to_deal_the_runs() -> None:
    values = [0.1, 0.5, 0.2, 0.4, 0.9, 0.3]
    observed = abs(np.mean(values[3:]) - np.mean(values[:3]))
    ways = {frozenset(order[:3]) for order in permutations(range(6))}
    others = [set(range(6)) - way for way in ways]
    reached = [
        abs(np.mean([values[i] for i in o]) - np.mean([values[i] for i in way])) >= observed - 1e-9
        for way, o in zip(ways, others)
    ]
    assert difference(mean_of(values), 3, 3, _rng()).p_value == pytest.approx(np.mean(reached))


def test_many_runs_are_dealt_at_random() -> None:
    rng = _rng()
    found = difference(mean_of(rng.standard_normal(24)), 12, 12, rng)
    assert 0.05 < found.p_value <= 1
    apart = np.concatenate([rng.standard_normal(12), 5 + rng.standard_normal(12)])
    assert difference(mean_of(apart), 12, 12, rng).p_value < 0.001


def test_agreement_of_a_group_is_udr_of_its_models() -> None:
    rng = _rng()
    codes = [rng.standard_normal((300, 3)) + rng.standard_normal((300, 1)) for _ in range(4)]
    whole = udr(codes, similarity="spearman")
    of_group = agreement_of(whole.pairs)
    assert of_group(range(4)) == pytest.approx(whole.value)
    assert of_group([0, 2]) == pytest.approx(whole.pairs[0, 2])
    assert of_group([0, 0, 2]) == pytest.approx(whole.pairs[0, 2])  # not compared with itself
    assert np.isnan(of_group([1]))


def test_holm_corrects_step_by_step() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == pytest.approx([1, 1])


@pytest.mark.parametrize(("contrasts", "seeds"), [(1, 4), (2, 5), (3, 5), (7, 6)])
def test_so_many_seeds_are_needed_for_any_verdict(contrasts: int, seeds: int) -> None:
    assert seeds_to_reach(0.05, contrasts) == seeds


def test_selectivity_is_the_gap_between_the_two_best() -> None:
    table = np.array([[0.9, 0.5], [0.6, 0.2], [0.5, 0.1]])
    binary = np.array([True, False])
    assert selectivity(table, binary) == pytest.approx([0.3, 0.3])
    assert selectivity(table[:1], binary) == pytest.approx([0.4, 0.5])


def test_effects_are_areas_and_shares_of_information() -> None:
    rng = _rng()
    values = np.stack([np.arange(2_000) % 2, np.arange(2_000) % 10], axis=1).astype(float)
    labels = read_labels(values, ["half", "digit"])
    codes = np.stack([values[:, 1], -values[:, 0], rng.standard_normal(2_000)], axis=1)
    found = effects(codes + 1e-6 * rng.standard_normal(codes.shape), labels.factors)
    assert found[1, 0] == pytest.approx(1)
    assert found[0, 1] == pytest.approx(1, abs=1e-3)
    assert found[2] == pytest.approx([0.5, 0], abs=0.03)


def test_aligned_codes_stand_above_their_rotations() -> None:
    world = make_world("PCA", seed=0)
    aligned = position(world.runs[0].codes, world.labels.factors, 100, _rng())
    assert aligned.percentile == 100
    assert aligned.selectivity > aligned.rotated
    turned = make_world("nothing changes", seed=0).runs
    percentiles = [position(r.codes, world.labels.factors, 50, _rng()).percentile for r in turned]
    assert 15 < np.mean(percentiles) < 85
    one = position(world.runs[0].codes[:, :1], world.labels.factors, 50, _rng())
    assert np.isnan(one.percentile)


def test_latents_that_turn_to_the_axes_are_supported() -> None:
    outcomes = [_outcome("rotated to aligned", seed) for seed in range(6)]
    assert outcomes.count(SUPPORTED) >= 5


@pytest.mark.parametrize("scenario", [name for name in SCENARIOS if name != "rotated to aligned"])
def test_what_is_no_separation_is_not_supported(scenario: str) -> None:
    outcomes = [_outcome(scenario, seed) for seed in range(4)]
    assert outcomes.count(SUPPORTED) <= 1  # at most 5% in the long run: benchmarks/evidence.py


def _outcome(scenario: str, seed: int) -> str:
    world = make_world(scenario, seed=seed, num=300)
    return judge(world.runs, world.labels, world.pca, rule=QUICK).outcome


def test_a_single_seed_is_too_few_and_says_how_many_are_needed() -> None:
    world = make_world("rotated to aligned", seed=0, seeds=1, num=200)
    verdict = judge(world.runs, world.labels, world.pca, rule=QUICK)
    assert verdict.outcome == TOO_FEW
    assert verdict.seeds_needed == 5
    document = verdict.as_dict()
    assert document["contrasts"][0]["differences"]["as_trained"]["udr_over_pca"]["low"] is None


def test_three_seeds_are_too_few_however_clear_it_looks() -> None:
    world = make_world("rotated to aligned", seed=0, seeds=3, num=300)
    assert judge(world.runs, world.labels, world.pca, rule=QUICK).outcome == TOO_FEW


def test_a_collapsed_run_is_named_and_supports_nothing() -> None:
    world = make_world("rotated to aligned", seed=0, num=300)
    last = world.runs[-1]
    runs = [*world.runs[:-1], last._replace(mean=0 * last.mean, logvar=0 * last.logvar)]
    high = judge(runs, world.labels, world.pca, rule=QUICK).contrasts[-1]
    assert high.beta == BETAS[-1]
    assert high.outcome == NOT_SUPPORTED
    assert "fewer than 2 active latents: beta 16 seed 4" in high.why[0]


def test_what_cannot_be_asked_is_refused_in_one_line() -> None:
    world = make_world("PCA", seed=0, num=200)
    one = [run for run in world.runs if run.beta == 1]
    with pytest.raises(UserError, match="runs of 1 beta are there"):
        judge(one, world.labels, world.pca)
    with pytest.raises(UserError, match="no label can be told"):
        judge(world.runs, Labels((), {}), world.pca)
    shorter = [world.runs[0]._replace(mean=world.runs[0].mean[:9]), *world.runs[1:]]
    with pytest.raises(UserError, match="different numbers of images"):
        judge(shorter, world.labels, world.pca)


def test_the_order_of_the_runs_changes_nothing() -> None:
    world = make_world("rotated to aligned", seed=1, num=300)
    order = np.random.default_rng(0).permutation(len(world.runs))
    first = judge(world.runs, world.labels, world.pca, rule=QUICK)
    shuffled = judge(
        [world.runs[i] for i in order],
        world.labels,
        lambda i, dims: world.pca(int(order[i]), dims),
        rule=QUICK,
    )
    for one, other in zip(first.contrasts, shuffled.contrasts):
        for name in ("selectivity", "udr_over_pca"):
            trained = one.differences["as_trained"][name], other.differences["as_trained"][name]
            assert trained[0].value == pytest.approx(trained[1].value)
            assert trained[0].p_value == pytest.approx(trained[1].p_value)
