"""Two groups of runs held against each other: p-values and UDR against closed forms."""

import json
from itertools import permutations

import numpy as np
import pytest

from unknot.evidence.group_tests import (
    Difference,
    agreement_of,
    difference,
    holm,
    least_p_value,
    mean_of,
    resample_interval,
    seeds_to_find,
    seeds_to_reach,
    udr_minus_pca,
)
from unknot.metrics.agreement import udr


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize(("num", "least"), [(3, 0.1), (4, 0.0286), (5, 0.0079)])
def test_the_least_p_value_is_that_of_separated_groups(
    num: int, least: float, rng: np.random.Generator
) -> None:
    separated = difference(mean_of([*range(num), *range(10, 10 + num)]), num, num, rng)
    assert separated.p_value == pytest.approx(least, abs=1e-4)
    assert separated.p_value == pytest.approx(least_p_value(num, num))
    assert separated.value == pytest.approx(10)


def test_the_p_value_counts_the_ways_to_deal_the_runs(rng: np.random.Generator) -> None:
    values = [0.1, 0.5, 0.2, 0.4, 0.9, 0.3]
    observed = abs(np.mean(values[3:]) - np.mean(values[:3]))
    ways = {frozenset(order[:3]) for order in permutations(range(6))}
    others = [set(range(6)) - way for way in ways]
    reached = [
        abs(np.mean([values[i] for i in o]) - np.mean([values[i] for i in way])) >= observed - 1e-9
        for way, o in zip(ways, others)
    ]
    assert difference(mean_of(values), 3, 3, rng).p_value == pytest.approx(np.mean(reached))


def test_many_runs_are_dealt_at_random(rng: np.random.Generator) -> None:
    alike = difference(mean_of(rng.standard_normal(24)), 12, 12, rng)
    assert 0.05 < alike.p_value <= 1
    apart = np.concatenate([rng.standard_normal(12), 5 + rng.standard_normal(12)])
    assert difference(mean_of(apart), 12, 12, rng).p_value < 0.001


def test_a_group_without_a_value_is_no_difference(rng: np.random.Generator) -> None:
    missing = difference(mean_of([0.1, float("nan"), 0.3, 0.4]), 2, 2, rng)
    assert missing.p_value == 1
    assert not missing.is_higher
    document = json.loads(json.dumps(missing.as_dict(), allow_nan=False))
    assert (document["low"], document["high"], document["value"]) == (None, 0.35, None)
    assert np.isnan(Difference.from_dict(document).low)


def test_a_difference_is_read_back(rng: np.random.Generator) -> None:
    clear = difference(mean_of([0.1, 0.2, 0.3, 0.7, 0.8, 0.9]), 3, 3, rng)
    assert clear.interval is not None
    assert clear.interval[0] < clear.value < clear.interval[1]
    assert Difference.from_dict(json.loads(json.dumps(clear.as_dict()))) == clear


def test_agreement_of_a_group_is_udr_of_its_models(rng: np.random.Generator) -> None:
    codes = [rng.standard_normal((300, 3)) + rng.standard_normal((300, 1)) for _ in range(4)]
    whole = udr(codes, similarity="spearman")
    group_statistic = agreement_of(whole.pairs)
    assert group_statistic(range(4)) == pytest.approx(whole.value)
    assert group_statistic([0, 2]) == pytest.approx(whole.pairs[0, 2])
    assert group_statistic([0, 0, 2]) == pytest.approx(whole.pairs[0, 2])  # not with itself
    assert np.isnan(group_statistic([1]))


def test_udr_minus_pca_is_that(rng: np.random.Generator) -> None:
    codes = [rng.standard_normal((300, 2)) for _ in range(3)]
    same = [codes[0]] * 3
    assert udr_minus_pca(same, codes, "spearman")(range(3)) > 0
    assert udr_minus_pca(codes, codes, "spearman")(range(3)) == 0
    assert np.isnan(udr_minus_pca(codes[:1], codes[:1], "spearman")([0]))


def test_the_interval_of_a_group_needs_three_runs(rng: np.random.Generator) -> None:
    assert resample_interval(mean_of([0.1, 0.2]), 2, rng) is None
    low, high = resample_interval(mean_of([0.1, 0.2, 0.6]), 3, rng) or (0.0, 0.0)
    assert 0.1 <= low < 0.3 < high <= 0.6


def test_holm_corrects_step_by_step() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.8]) == pytest.approx([1, 1])


@pytest.mark.parametrize(("contrasts", "seeds"), [(1, 4), (2, 5), (3, 5), (7, 6)])
def test_so_many_seeds_are_needed_for_any_verdict(contrasts: int, seeds: int) -> None:
    assert seeds_to_reach(0.05, contrasts) == seeds


def test_seeds_to_find_grow_with_the_noise() -> None:
    """(1.96 + 0.84)^2 times the squared ratio of standard deviation and difference."""
    clear = Difference(low=0.0, high=1.0, p_value=0.1, interval=None, std=1.0)
    assert seeds_to_find(clear, 4, 0.05, 1, 0.8) == np.ceil(4 * 7.85)
    noisy = clear._replace(std=2.0)
    assert seeds_to_find(noisy, 4, 0.05, 1, 0.8) == np.ceil(16 * 7.849)
    assert seeds_to_find(clear._replace(high=-1.0), 4, 0.05, 1, 0.8) == float("inf")
    assert seeds_to_find(clear._replace(std=0.0), 4, 0.05, 1, 0.8) == 4
