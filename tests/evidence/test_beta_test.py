"""Betas dealt anew within seeds: exact small cases, size, power, and what is missing."""

from itertools import combinations, permutations, product

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.stats import binomtest

import unknot
from unknot.common.errors import UserError
from unknot.evidence.beta_test import beta_test

FloatArray = NDArray[np.float64]

CLEAR = np.array([[0.1, 1.0, 5.0], [-0.4, 0.2, 4.0], [0.3, 2.0, 5.5]])
ABOVE = np.full((3, 3), 99.0)
RISING = np.array([[0.1, 0.2, 0.3]] * 3)


def _by_hand(z: FloatArray) -> list[float]:
    """p of every beta but the lowest, by loops over all deals within seeds."""
    num_seeds, num_betas = z.shape

    def effect(rows: list[tuple[float, ...]], k: int) -> float:
        return sum(row[k] - row[0] for row in rows) / num_seeds

    observed = [effect([tuple(row) for row in z], k) for k in range(1, num_betas)]
    counts, total = [0] * len(observed), 0
    for rows in product(*(list(permutations(row)) for row in z.tolist())):
        largest = max(effect(list(rows), k) for k in range(1, num_betas))
        total += 1
        for i, value in enumerate(observed):
            counts[i] += largest >= value - 1e-12
    return [count / total for count in counts]


@pytest.mark.parametrize("shape", [(1, 3), (4, 3), (1, 5)])
def test_p_values_are_those_of_an_enumeration(shape: tuple[int, int]) -> None:
    for seed in range(3):
        z = np.random.default_rng(seed).standard_normal(shape) + np.arange(shape[1])
        result = beta_test(z)
        assert [r.p_value for r in result.results] == pytest.approx(_by_hand(z))
        effects = z.mean(0)[1:] - z[:, 0].mean()
        assert [r.effect for r in result.results] == pytest.approx(effects)


def test_ties_count_as_reached() -> None:
    z = np.array([[0, 1, 1], [0, 0, 1], [2, 2, 2.0], [0, 1, 0]])
    assert [r.p_value for r in beta_test(z).results] == pytest.approx(_by_hand(z))
    assert {r.p_value for r in beta_test(np.ones((3, 3))).results} == {1}


def test_few_seeds_are_held_against_all_ways_to_deal_the_runs() -> None:
    z = np.random.default_rng(0).standard_normal((2, 3)) + np.arange(3)
    observed = z.mean(0)[1:] - z[:, 0].mean()
    orders = np.array(list(permutations(z.ravel()))).reshape(-1, 2, 3).mean(1)
    largest = (orders[:, 1:] - orders[:, :1]).max(1)
    shares = [float((largest >= value - 1e-12).mean()) for value in observed]
    assert [r.p_value for r in beta_test(z).results] == pytest.approx(shares)


@pytest.mark.parametrize("num_seeds", [2, 3, 4])
def test_two_betas_of_few_seeds_are_held_against_all_ways_to_split_the_runs(num_seeds: int) -> None:
    z = np.random.default_rng(num_seeds).normal([0, 1], size=(num_seeds, 2))
    runs = z.ravel().tolist()
    difference = sum(runs[1::2]) - sum(runs[::2])
    splits = list(combinations(range(len(runs)), num_seeds))
    gaps = [2 * sum(runs[i] for i in high) - sum(runs) for high in splits]
    share = np.mean([gap >= difference - 1e-12 for gap in gaps])
    assert beta_test(z).p_value == pytest.approx(share)


def test_two_betas_of_six_seeds_are_dealt_within_seeds() -> None:
    z = np.random.default_rng(0).normal([0, 0.5], size=(6, 2))
    assert beta_test(z).p_value == pytest.approx(_by_hand(z)[0])
    assert beta_test(z + np.array([0, 9])).p_value == 1 / 64


def test_many_deals_are_drawn_near_the_exact_share() -> None:
    z = np.random.default_rng(1).normal([0, 0.3, 0.6], size=(5, 3))
    drawn = [r.p_value for r in beta_test(z).results]
    assert drawn == pytest.approx(_by_hand(z), abs=0.045)  # four standard errors
    assert drawn == [r.p_value for r in beta_test(z).results]


@pytest.mark.parametrize("shape", [(4, 3), (5, 3), (6, 2)])
def test_a_constant_of_each_seed_changes_nothing(shape: tuple[int, int]) -> None:
    z = np.random.default_rng(2).standard_normal(shape) + np.arange(shape[1])
    moved = beta_test(z + np.random.default_rng(3).normal(0, 5, (shape[0], 1)))
    for before, after in zip(beta_test(z).results, moved.results):
        assert before.p_value == after.p_value
        assert before.effect == pytest.approx(after.effect)


@pytest.mark.parametrize("shape", [(3, 2), (5, 2), (3, 3), (5, 3), (3, 4)])
@pytest.mark.parametrize("spread_of_seeds", [0.0, 3.0])
def test_any_support_is_rare_where_runs_can_be_exchanged(
    shape: tuple[int, int], spread_of_seeds: float
) -> None:
    """Of skewed z, with and without what the runs of a seed share: at most 5%, and at each p."""
    rng = np.random.default_rng([*shape, *b"size"])
    p_values = []
    for _ in range(300):
        z = rng.exponential(size=shape) + spread_of_seeds * rng.standard_normal((shape[0], 1))
        p_values.append(beta_test(z).p_value)
    for level in (0.05, 0.2, 0.5):
        reached = int(np.sum(np.array(p_values) <= level))
        assert binomtest(reached, 300, level, alternative="greater").pvalue > 1e-3


def test_p_values_of_three_betas_are_uniform_where_nothing_happens() -> None:
    rng = np.random.default_rng(5)
    p_values = [beta_test(rng.standard_normal((4, 3))).p_value for _ in range(400)]
    for level in (0.1, 0.3, 0.6):
        assert np.mean(np.array(p_values) <= level) == pytest.approx(level, abs=0.1)


def test_a_clear_effect_is_found() -> None:
    rng = np.random.default_rng(6)
    supported = [beta_test(rng.normal([0, 1, 5], size=(5, 3))).supported for _ in range(50)]
    assert all(2 in betas for betas in supported)


def test_the_larger_p_value_of_the_conditions_counts() -> None:
    weak = np.array([[0.0, 1, 2], [1, 0, 2], [2, 1, 0]])
    both = beta_test({"as_trained": CLEAR, "matched": weak})
    alone = beta_test(CLEAR), beta_test(weak)
    assert alone[0].supported == (2,)
    assert not both.supported
    for i, result in enumerate(both.results):
        assert result.p_value == max(test.results[i].p_value for test in alone)
        assert result.effect == min(test.results[i].effect for test in alone)


def test_betas_are_called_by_their_names() -> None:
    result = unknot.beta_test(CLEAR, betas=(1, 35, 350), seeds=(7, 8, 9))
    assert result.supported == (350,)
    assert [r.beta for r in result.results] == [35, 350]
    assert result.results[1].reasons == ("p 0.0024 is at most 0.05",)
    assert result.least_p_value == pytest.approx(2 / 1680)


def test_selectivity_must_be_higher_in_every_condition() -> None:
    z = {"as_trained": CLEAR, "matched": CLEAR}
    selectivity = {"as_trained": RISING, "matched": RISING[:, ::-1]}
    high = beta_test(z, selectivities=selectivity).results[-1]
    assert not high.supported
    text = "selectivity is not higher (0.1 beside 0.3) with rates and numbers of latents made equal"
    assert high.reasons == (text,)
    selectivity["matched"] = RISING
    assert beta_test(z, selectivities=selectivity).supported == (2,)


def test_axes_must_be_special_at_the_median_seed() -> None:
    percentiles = ABOVE.copy()
    percentiles[:, 2] = 97.5, 100, 50
    assert beta_test(CLEAR, percentiles=percentiles).supported == (2,)
    percentiles[0, 2] = 97
    high = beta_test(CLEAR, percentiles=percentiles).results[-1]
    assert high.reasons == ("the latents beat 97% of random mixes, not the 97.5% asked",)
    assert not high.supported


def test_a_run_without_z_is_named_and_its_beta_is_not_supported() -> None:
    z = CLEAR.copy()
    z[1, 2] = np.nan
    middle, high = beta_test(z, betas=(1, 4, 16)).results
    assert (high.supported, high.p_value) == (False, 1)
    assert np.isnan(high.effect)
    assert high.reasons == ("fewer than two latents are in use: beta 16 seed 1",)
    assert middle.p_value == pytest.approx(beta_test(CLEAR[:, :2]).p_value)


def test_nothing_is_supported_where_the_lowest_beta_has_a_run_without_z() -> None:
    z = CLEAR.copy()
    z[0, 0] = np.nan
    result = beta_test({"as_trained": CLEAR, "matched": z})
    assert not result.supported
    assert result.p_value == 1
    assert result.results[0].reasons == ("fewer than two latents are in use: beta 0 seed 0",)


def test_too_few_seeds_say_what_they_could_reach() -> None:
    high = beta_test(CLEAR[:1]).results[-1]
    text = "too few runs: with 1 seed of 3 betas the smallest possible p is 0.33, and 0.05 is asked"
    assert high.reasons == (text,)


@pytest.mark.parametrize("z", [[1.0, 2.0], [[1.0]], np.zeros((0, 3)), np.zeros((2, 2, 2)), {}])
def test_tables_of_another_form_are_refused(z: FloatArray) -> None:
    with pytest.raises(UserError, match="give one shape"):
        beta_test(z)


def test_tables_that_do_not_fit_each_other_are_refused() -> None:
    with pytest.raises(UserError, match="percentiles has shape"):
        beta_test(CLEAR, percentiles=ABOVE[:2])
    with pytest.raises(UserError, match="selectivities has the conditions"):
        beta_test({"matched": CLEAR}, selectivities={"as_trained": RISING})
    with pytest.raises(UserError, match="3 seeds and 2 betas were named"):
        beta_test(CLEAR, betas=(1, 4))
    with pytest.raises(UserError, match="ascending order of beta"):
        beta_test(CLEAR, betas=(4, 1, 16))
    with pytest.raises(UserError, match="give one shape"):
        beta_test({"as_trained": CLEAR, "matched": CLEAR[:2]})
