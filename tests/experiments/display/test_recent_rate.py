"""The rate of counted work, at made-up times."""

import pytest

from tests.clock import Clock
from unknot.experiments.display.recent_rate import RecentRate, RecentWork


def looked_at(clock: Clock, looks: dict[float, float]) -> RecentRate:
    """Tell a rate what is done at given seconds."""
    rate = RecentRate(clock)
    for clock.now, count in looks.items():
        rate.add(count)
    return rate


def test_the_rate_is_that_of_the_last_minute() -> None:
    """Ten a second for two minutes, then twenty."""
    slow = {float(t): 10.0 * t for t in range(121)}
    fast = {float(t): 1200 + 20.0 * (t - 120) for t in range(121, 181)}
    assert looked_at(Clock(), slow).per_second == pytest.approx(10)
    assert looked_at(Clock(), slow | fast).per_second == pytest.approx(20)
    half_way = {t: count for t, count in fast.items() if t <= 150}
    assert looked_at(Clock(), slow | half_way).per_second == pytest.approx(15)


def test_getting_ready_and_what_was_done_before_say_nothing() -> None:
    """A resumed run of 3,000 steps whose process takes 40 s to start."""
    rate = looked_at(Clock(), {0: 3000, 20: 3000, 40: 3010, 50: 3110, 65: 3260})
    assert rate.per_second == pytest.approx(10)
    assert rate.seconds_left(4000) == pytest.approx(74)


def test_the_time_left_is_not_told_before_it_is_known() -> None:
    clock = Clock()
    rate = looked_at(clock, {0: 0, 10: 1, 12: 3, 14: 5})
    assert (rate.per_second, rate.seconds_left(100)) == (None, None)
    clock.now = 16
    rate.add(7)
    assert (rate.per_second, rate.seconds_left(100)) == (1, None)
    clock.now = 30
    rate.add(21)
    assert rate.seconds_left(100) == pytest.approx(79)


def test_looks_between_two_rises_do_not_change_the_rate() -> None:
    """Ten steps a line, and a line every two seconds."""
    looks = {t / 2: 10.0 * (t // 4) for t in range(123)}
    assert looked_at(Clock(), looks).per_second == pytest.approx(5)


def test_work_that_stands_still_gets_slower() -> None:
    clock = Clock()
    rate = looked_at(clock, {float(t): float(t) for t in range(31)})
    for clock.now in (60.0, 600.0):
        rate.add(30)
    slow = rate.per_second
    assert slow is not None
    assert slow < 0.1


def test_a_clock_that_stands_still() -> None:
    clock = Clock()
    rate = RecentRate(clock)
    for count in range(5):
        rate.add(count)
    assert rate.recent == RecentWork(3, 0)
    assert (rate.per_second, rate.seconds_left(10)) == (None, None)


def test_work_that_begins_again_is_timed_again() -> None:
    rate = looked_at(Clock(), {0: 0, 1: 1000, 30: 2000, 31: 1500, 50: 1510, 71: 1531})
    assert rate.per_second == pytest.approx(1)
    assert rate.began == 50


def test_nothing_is_known_before_a_look() -> None:
    rate = RecentRate(Clock())
    assert (rate.began, rate.per_second, rate.seconds_left(1)) == (None, None, None)
