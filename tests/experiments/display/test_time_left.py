"""The time left of an experiment, at made-up times, beside the time that it takes."""

from collections.abc import Callable, Iterator

import pytest

from tests.clock import Clock
from unknot.experiments.display.time_left import (
    SCORING_SECONDS,
    RunState,
    TimeLeft,
    finish_time,
    seconds_after_runs,
)
from unknot.report.live_runs import FINISHED, SCORING, STOPPED, TRAINING, WAITING

READY = 8.0
"""Seconds that a process takes before its first step."""


class Simulation:
    """An experiment whose runs take given times, and what is told of the time left.

    Args:
        steps: of each run.
        steps_per_second: of a run, at seconds since its first step.
        scoring: seconds of scores and pictures.
        at_a_time: runs.
        done: steps of each run from before.

    Attributes:
        told: seconds -> the time left as it was told.
        end: of the last run.
    """

    def __init__(
        self,
        steps: list[int],
        steps_per_second: Callable[[float], float],
        *,
        scoring: float,
        at_a_time: int,
        done: list[int] | None = None,
    ) -> None:
        self._steps, self._scoring, self._at_a_time = steps, scoring, at_a_time
        self._rate = steps_per_second
        self._step = [float(step) for step in done or [0] * len(steps)]
        self._turn: dict[int, float] = {}
        self._trained: dict[int, float] = {}
        self.told: dict[float, float | None] = {}
        clock = Clock()
        time_left = TimeLeft(clock, at_a_time)
        for clock.now in self._seconds():
            time_left.add([self._state(number, clock.now) for number in range(len(steps))])
            self.told[clock.now] = time_left.seconds
        self.end = clock.now

    def _seconds(self) -> Iterator[float]:
        now = 0.0
        while not all(self._is_finished(number, now) for number in range(len(self._steps))):
            at_work = [n for n in self._turn if not self._is_finished(n, now)]
            waiting = [n for n in range(len(self._steps)) if n not in self._turn]
            for number in waiting[: self._at_a_time - len(at_work)]:
                self._turn[number] = now + (READY if now == 0 else 0)
            for number, begins in self._turn.items():
                if now >= begins and number not in self._trained:
                    self._step[number] += 0.5 * self._rate(now - begins)
                    if self._step[number] >= self._steps[number]:
                        self._trained[number] = now
            yield now
            now += 0.5
        yield now

    def _is_finished(self, number: int, now: float) -> bool:
        return number in self._trained and now >= self._trained[number] + self._scoring

    def _state(self, number: int, now: float) -> RunState:
        steps = self._steps[number]
        step = min(steps, int(self._step[number] / 10) * 10)  # a line for ten steps
        if number not in self._turn:
            state = WAITING
        elif number not in self._trained:
            state, step = TRAINING, min(step, steps - 1)
        else:
            state = FINISHED if self._is_finished(number, now) else SCORING
        return RunState(f"run {number}", step, steps, state)


def worst_error(simulation: Simulation, after: float = 0.0) -> float:
    """The largest error of a time left, as a share of the time that all took."""
    errors = [
        abs(seconds - (simulation.end - now))
        for now, seconds in simulation.told.items()
        if seconds is not None and now >= after
    ]
    return max(errors) / simulation.end


def first_told(simulation: Simulation) -> float:
    return min(now for now, seconds in simulation.told.items() if seconds is not None)


def test_runs_in_turn_with_what_follows_each() -> None:
    simulation = Simulation([1000] * 5, lambda _: 10.0, scoring=12, at_a_time=2)
    assert READY + 20 <= first_told(simulation) <= READY + 25
    assert worst_error(simulation) < 0.05


def test_scores_that_take_long_are_learnt_from_the_first_run() -> None:
    simulation = Simulation([500] * 6, lambda _: 10.0, scoring=60, at_a_time=2)
    assert worst_error(simulation) > 0.3  # while they are a guess
    assert worst_error(simulation, after=READY + 50 + 60 + 2) < 0.05


def test_a_slow_start_is_forgotten_after_a_minute() -> None:
    simulation = Simulation([6000], lambda t: 1.0 if t < 15 else 20.0, scoring=10, at_a_time=1)
    assert worst_error(simulation, after=READY + 15 + 60) < 0.05


def test_a_rate_that_doubles_is_told_within_a_minute() -> None:
    simulation = Simulation([6000], lambda t: 10.0 if t < 200 else 20.0, scoring=10, at_a_time=1)
    before = simulation.told[READY + 195]
    assert before == pytest.approx((6000 - 1950) / 10 + 10, rel=0.05)
    assert worst_error(simulation, after=READY + 261) < 0.02


def test_runs_that_end_at_different_times() -> None:
    """All are waited for, the longest too, and not a share of the sum."""
    simulation = Simulation([400, 800, 3000], lambda _: 10.0, scoring=10, at_a_time=3)
    assert simulation.end == pytest.approx(READY + 300 + 10, abs=2)
    assert worst_error(simulation) < 0.05


def test_what_was_done_before_says_nothing_about_the_speed() -> None:
    simulation = Simulation(
        [1000] * 4, lambda _: 5.0, scoring=10, at_a_time=2, done=[990, 500, 500, 0]
    )
    assert worst_error(simulation) < 0.08


def test_a_clock_that_stands_still() -> None:
    time_left = TimeLeft(Clock(), 1)
    for step in range(100):
        time_left.add([RunState("a", step, 100, TRAINING)])
    assert (time_left.seconds, time_left.steps_per_second("a")) == (None, None)


def test_nothing_is_told_where_no_step_was_taken() -> None:
    clock = Clock()
    time_left = TimeLeft(clock, 2)
    for clock.now in (0.0, 30.0, 60.0):
        time_left.add([RunState("a", 5, 5, SCORING), RunState("b", 5, 5, FINISHED)])
        assert time_left.seconds is None


def test_runs_that_failed_are_not_waited_for() -> None:
    clock = Clock()
    time_left = TimeLeft(clock, 2, seconds_after=7)
    for step in range(31):
        clock.now = float(step)
        time_left.add([RunState("a", step, 100, TRAINING), RunState("b", 0, 100, STOPPED)])
    assert time_left.seconds == pytest.approx(70 + SCORING_SECONDS + 7)
    assert time_left.steps_per_second("a") == pytest.approx(1)
    assert time_left.steps_per_second("b") is None


def test_what_follows_takes_longer_where_scores_do() -> None:
    clock = Clock()
    time_left = TimeLeft(clock, 1, seconds_after=7)
    for clock.now, step, state in (
        (0, 0, TRAINING),
        (1, 10, TRAINING),
        (21, 210, SCORING),
        (21 + 2 * SCORING_SECONDS, 210, FINISHED),
    ):
        time_left.add([RunState("a", step, 210, state), RunState("b", 0, 100, WAITING)])
    assert time_left.seconds == pytest.approx(100 / 10 + 2 * SCORING_SECONDS + 2 * 7)


def test_the_last_of_several_runs() -> None:
    assert finish_time([], [], 2) == 0
    assert finish_time([5, 1], [], 2) == 5
    assert finish_time([5, 1], [3, 3], 2) == 7
    assert finish_time([], [4, 4, 4], 2) == 8


def test_evidence_and_page_take_longer_with_more_runs() -> None:
    assert seconds_after_runs(40) > seconds_after_runs(2) > 0


def test_where_a_cluster_says_how_many_run_at_a_time_it_is_as_many_as_do() -> None:
    clock = Clock()
    told = {at_a_time: TimeLeft(clock, at_a_time) for at_a_time in (None, 2, 6)}
    for clock.now in range(61):
        step = 10 * int(clock.now)
        runs = [RunState(name, step, 1_000, TRAINING) for name in "ab"]
        runs += [RunState(name, 0, 1_000, WAITING) for name in "cdef"]
        for time_left in told.values():
            time_left.add(runs)
    assert told[None].seconds == told[2].seconds
    assert told[None].seconds > 2 * told[6].seconds
