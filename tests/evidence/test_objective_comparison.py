"""Objectives at the same rate."""

import numpy as np
import pytest
from scipy.stats import ttest_1samp

from unknot.evidence.beta_deals import LEVEL
from unknot.evidence.objective_comparison import (
    MatchedRate,
    RunPoint,
    deal_p_values,
    least_p_value,
    match_rates,
    seeds_needed,
    student_interval,
)


def line(objective: str, seed: int, rates: tuple[float, ...], shift: float = 0.0) -> list[RunPoint]:
    """Runs whose measure rises with their rate, and by a shift."""
    return [RunPoint(objective, seed, rate, {"mig": 0.1 * rate + shift}) for rate in rates]


def two_objectives(num_seeds: int, shift: float = 0.5) -> list[RunPoint]:
    """Both on the same line but for the shift, at other rates."""
    points: list[RunPoint] = []
    for seed in range(num_seeds):
        points += line("a", seed, (4.0, 8.0)) + line("b", seed, (10.0, 6.0, 2.0), shift)
    return points


def test_a_measure_is_read_off_between_strengths_at_the_middle_of_the_shared_rates() -> None:
    matched = match_rates(two_objectives(2), ["a", "b"])
    assert matched.rate == 6.0  # between 4 and 8
    a, b = matched.value("mig", "a"), matched.value("mig", "b")
    assert a
    assert b
    assert (a.values, a.difference, a.p_value) == (pytest.approx((0.6, 0.6)), None, None)
    assert b.values == pytest.approx((1.1, 1.1))
    assert b.difference == pytest.approx(0.5)


def test_a_difference_in_rate_alone_is_no_difference() -> None:
    b = match_rates(two_objectives(5, shift=0.0), ["a", "b"]).value("mig", "b")
    assert b
    assert b.difference == pytest.approx(0, abs=1e-12)
    assert b.p_value == 1.0


def test_rates_that_do_not_meet_are_named() -> None:
    points = line("a", 0, (1.0, 2.0)) + line("b", 0, (5.0, 9.0))
    matched = match_rates(points, ["a", "b"])
    assert matched.rate is None
    assert matched.values == ()
    assert "b comes down to 5.0 nats an image (seed 0) and a up to 2.0 (seed 0)" in matched.reason
    alone = line("a", 0, (10.0,)) + line("a", 1, (13.0,)) + line("b", 0, (9.0, 14.0))
    one = match_rates([*alone, *line("b", 1, (9.0, 14.0))], ["a", "b"])
    assert one.reason.endswith("10.0 with seed 0); train it at two strengths or more")
    near = match_rates(line("a", 0, (10.0,)) + line("b", 0, (10.8,)), ["a", "b"])
    assert near.rate == pytest.approx(10.4)  # single strengths that all but meet


def test_seeds_that_an_objective_lacks_are_left_out() -> None:
    points = two_objectives(3) + line("a", 7, (4.0, 8.0))
    assert match_rates(points, ["a", "b"]).seeds == (0, 1, 2)
    apart = match_rates(line("a", 0, (4.0,)) + line("b", 1, (4.0,)), ["a", "b"])
    assert apart.reason.startswith("no seed was trained with all of them")


def test_a_measure_that_is_void_beside_the_rate_is_left_out() -> None:
    points = [*two_objectives(2), RunPoint("a", 0, 5.9, {})]
    assert match_rates(points, ["a", "b"]).measures == ()
    far = [*two_objectives(2), RunPoint("b", 0, 1.0, {})]  # beyond both neighbors of the rate
    assert match_rates(far, ["a", "b"]).measures == ("mig",)


def test_p_values_are_uniform_enough_where_objectives_do_not_differ() -> None:
    rng = np.random.default_rng(0)
    seeds_differ = rng.normal(size=(300, 5, 1))
    tables = seeds_differ + rng.normal(size=(300, 5, 3))
    smallest = np.array([min(deal_p_values(table)) for table in tables])
    assert 0.01 < (smallest <= LEVEL).mean() < 0.09


def test_a_real_difference_is_found_in_both_directions() -> None:
    rng = np.random.default_rng(1)
    table = rng.normal(scale=0.1, size=(5, 1)) + rng.normal(scale=0.1, size=(5, 3))
    shift = np.array([0, 1, 0])
    up, none = deal_p_values(table + shift)
    down, _ = deal_p_values(table - shift)
    assert up <= LEVEL
    assert down <= LEVEL
    assert none > LEVEL


def test_one_objective_far_away_hides_no_other() -> None:
    noise = 0.01 * np.random.default_rng(2).normal(size=(5, 3))
    near, far = deal_p_values(noise + np.array([0.0, 0.1, 0.3]))
    assert near == pytest.approx(deal_p_values(noise[:, :2] + np.array([0.0, 0.1]))[0])
    assert max(near, far) <= LEVEL


def test_too_few_seeds_give_no_p_value() -> None:
    assert least_p_value(2, 2) == pytest.approx(1 / 3)  # of six deals two are as far apart
    assert deal_p_values(np.array([[0.0, 9.0], [0.0, 9.0]])) == []


def test_the_seeds_that_a_difference_needs() -> None:
    assert [seeds_needed(num) for num in (2, 3, 4)] == [4, 4, 4]


def test_the_interval_is_students() -> None:
    values = np.array([1.0, 2.0, 4.0, 4.5])
    expected = ttest_1samp(values, 0).confidence_interval(0.95)
    assert student_interval(values) == pytest.approx((expected.low, expected.high))
    assert student_interval(values[:1]) is None


def test_it_survives_json() -> None:
    matched = match_rates(two_objectives(3), ["a", "b"])
    assert MatchedRate.from_dict(matched.as_dict()) == matched
