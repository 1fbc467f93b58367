"""Which beta to take: the smallest within one standard error of the best."""

import json
from collections.abc import Sequence

import pytest

from tests.report.small import small_rotation_test
from unknot.evidence.axes import INTERACTION, LABELS, AxisEvidence
from unknot.evidence.beta_choice import BetaChoice, RunCost, choose_beta


def _choose(z_scores: dict[float, Sequence[float | None]], **changes: object) -> BetaChoice:
    axes = [
        AxisEvidence(beta, seed, _tests(z), {})
        for beta, values in z_scores.items()
        for seed, z in enumerate(values)
    ]
    costs = [RunCost(run.beta, 100 * run.beta, 0.5, 6) for run in axes]
    choice = choose_beta(axes, costs, **({"is_separated": True} | changes))
    assert choice is not None
    return choice


def _tests(z: float | None) -> dict:
    if z is None:
        return {LABELS: small_rotation_test(void="collapsed")}
    void = small_rotation_test(void="a plain sum")
    return {LABELS: small_rotation_test(z=z), INTERACTION: void}


def test_the_smallest_beta_near_the_best_is_chosen() -> None:
    choice = _choose({1.0: [0.0, 1.0], 10.0: [4.0, 5.0], 100.0: [4.5, 5.5]})
    assert (choice.best_beta, choice.beta) == (100, 10)
    assert choice.standard_error == pytest.approx(0.5)  # pooled deviation of 1/sqrt(2), two seeds
    assert [row.separation for row in choice.rows] == [0.5, 4.5, 5.0]
    assert _choose({1.0: [0.0, 1.0], 10.0: [3.9, 4.9], 100.0: [4.5, 5.5]}).beta == 100


def test_where_a_larger_beta_is_weaker_the_largest_near_the_best_is_chosen() -> None:
    z_scores = {1.0: [5.0], 10.0: [4.1], 100.0: [0.0]}
    choice = _choose(z_scores, larger_is_weaker=True)
    assert (choice.best_beta, choice.beta) == (1, 10)
    assert [row.beta for row in choice.rows] == [100, 10, 1]
    assert choice.next_betas == _choose(z_scores).next_betas == (0.33,)
    assert _choose(z_scores, larger_is_weaker=True, is_separated=False).beta == 100


def test_one_seed_has_the_error_of_random_rotations() -> None:
    assert _choose({1.0: [0.0], 10.0: [4.1], 100.0: [5.0]}).beta == 10
    assert _choose({1.0: [0.0], 10.0: [3.9], 100.0: [5.0]}).beta == 100


def test_where_nothing_is_separated_the_lowest_keeps_the_picture() -> None:
    choice = _choose({1.0: [0.0], 10.0: [1.5]}, is_separated=False, suggested_betas=(5, 40, 300))
    assert choice.beta == 1
    assert choice.next_betas == (40, 300)
    limited = {"is_separated": False, "suggested_betas": (5, 40, 300), "highest_beta": 100.0}
    assert _choose({1.0: [0.0], 10.0: [1.5]}, **limited).next_betas == (40,)


@pytest.mark.parametrize(
    ("z_scores", "highest", "following"),
    [
        ({1.0: [0.0], 10.0: [1.0], 100.0: [5.0]}, None, (300,)),
        ({1.0: [0.0], 50.0: [1.0], 100.0: [5.0]}, None, (200,)),
        ({1.0: [0.0], 100.0: [5.0]}, 153.0, (150,)),
        ({1.0: [0.0], 100.0: [5.0]}, 110.0, ()),
        ({1.0: [0.0], 10.0: [5.0], 100.0: [1.0]}, None, ()),
        ({1.0: [5.0], 2.0: [0.0]}, None, (0.5,)),
        ({1.0: [5.0]}, None, ()),
        ({0.0: [5.0], 2.0: [0.0]}, None, ()),
    ],
)
def test_another_beta_is_named_where_the_best_stands_at_an_end(
    z_scores: dict, highest: float | None, following: tuple[float, ...]
) -> None:
    assert _choose(z_scores, highest_beta=highest).next_betas == following


def test_a_beta_that_could_not_be_tested_is_not_chosen() -> None:
    choice = _choose({1.0: [0.0], 10.0: [5.0], 100.0: [None]})
    assert (choice.best_beta, choice.beta) == (10, 10)
    assert choice.row(100.0).separation is None
    none = _choose({1.0: [None], 10.0: [None]})
    assert (none.best_beta, none.beta, none.next_betas) == (None, 1, ())


def test_costs_are_means_over_the_seeds() -> None:
    axes = [AxisEvidence(1.0, seed, _tests(1.0), {}) for seed in (0, 1)]
    costs = [RunCost(1.0, 100.0, 0.5, 6), RunCost(1.0, 200.0, None, 5)]
    choice = choose_beta(axes, costs, is_separated=True)
    assert choice is not None
    row = choice.rows[0]
    assert (row.distortion, row.explained, row.active, row.num_seeds) == (150, 0.5, 5.5, 2)


def test_without_runs_there_is_no_choice() -> None:
    assert choose_beta([], [], is_separated=False) is None


def test_a_choice_is_read_back_as_it_was() -> None:
    choice = _choose({1.0: [0.0], 10.0: [5.0], 100.0: [None]})
    assert BetaChoice.from_dict(json.loads(json.dumps(choice.as_dict()))) == choice
