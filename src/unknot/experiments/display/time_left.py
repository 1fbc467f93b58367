"""How long an experiment still takes: the steps, and what follows them.

Runs are taken through what is left as the engine will take them: so many at a time, each with the
steps that it has to go at the speed of the last minute, its scores and pictures after that, and the
next one in its place.
"""

import heapq
from collections.abc import Sequence
from statistics import mean
from typing import NamedTuple

from unknot.experiments.display.recent_rate import (
    RECENT_SECONDS,
    TIME_LEFT_KNOWN_AFTER,
    Clock,
    RecentRate,
)
from unknot.report.live_runs import FINISHED, SCORING, STOPPED, TRAINING

SCORING_SECONDS = 10.0
"""Scores and pictures of a run, until one of this experiment has been timed (docs/speed.md)."""
EVIDENCE_SECONDS = 2.0
"""Evidence, for each run (docs/speed.md)."""
PAGE_SECONDS = 1.0


class RunState(NamedTuple):
    """How a run is at one look.

    Attributes:
        name: of its folder.
        step: that it has come to.
        steps: that it is to take.
        state: one of `unknot.report.live_runs.STATES`.
    """

    name: str
    step: int
    steps: int
    state: str


def seconds_after_runs(num_runs: int) -> float:
    """Guess how long evidence and page of so many runs take; see `TimeLeft`."""
    return EVIDENCE_SECONDS * num_runs + PAGE_SECONDS


class TimeLeft:
    """Times the runs of an experiment as they go, and tells how long the rest takes.

    Only what is done from the first look on says how fast they are.

    Args:
        clock: gives seconds.
        at_a_time: runs that are executed beside each other; None where that is somebody else's to
            say: as many as are now.
        seconds_after: that follow the last run, where scores and pictures of a run take
            `SCORING_SECONDS`.
    """

    def __init__(self, clock: Clock, at_a_time: int | None, seconds_after: float = 0.0) -> None:
        self._clock, self._at_a_time, self._seconds_after = clock, at_a_time, seconds_after
        self._runs: Sequence[RunState] = ()
        self._states: dict[str, str] = {}
        self._rates: dict[str, RecentRate] = {}
        self._trained: dict[str, float] = {}
        self._scoring_seconds: dict[str, float] = {}

    def add(self, runs: Sequence[RunState]) -> None:
        """Look at all runs."""
        now = self._clock()
        self._runs, self._states = runs, {run.name: run.state for run in runs}
        for run in runs:
            rate = self._rates.setdefault(run.name, RecentRate(self._clock))
            if run.name not in self._trained and run.state not in (FINISHED, STOPPED):
                rate.add(run.step)
            if run.state == SCORING:
                self._trained.setdefault(run.name, now)
            elif run.state == FINISHED and rate.began is not None:
                taken = now - self._trained.setdefault(run.name, now)
                self._scoring_seconds.setdefault(run.name, taken)

    def steps_per_second(self, name: str) -> float | None:
        """How fast a run trains; None while it does not, or before that is known."""
        return self._rates[name].per_second if self._states[name] == TRAINING else None

    @property
    def seconds(self) -> float | None:
        """How long all that is left takes; None before there have been steps enough to tell."""
        began = [rate.began for rate in self._rates.values() if rate.began is not None]
        steps_per_second = self._mean_rate()
        if not steps_per_second or self._clock() - min(began) < TIME_LEFT_KNOWN_AFTER:
            return None
        unfinished = [run for run in self._runs if run.state not in (FINISHED, STOPPED)]
        at_work = [self._left(run, steps_per_second) for run in unfinished if self._is_begun(run)]
        waiting = [
            self._left(run, steps_per_second) for run in unfinished if not self._is_begun(run)
        ]
        slowness = self._scoring() / SCORING_SECONDS  # of this machine, by its own runs
        at_a_time = self._at_a_time or max(1, len(at_work))
        return finish_time(at_work, waiting, at_a_time) + slowness * self._seconds_after

    def _is_begun(self, run: RunState) -> bool:
        """Whether a run is being scored, or has taken a step since the first look."""
        return run.state == SCORING or self._rates[run.name].began is not None

    def _mean_rate(self) -> float | None:
        """Steps a second of a run, over all that have trained in the last minute of training."""
        rates = [rate for rate in self._rates.values() if rate.began is not None]
        newest = max((rate.looked for rate in rates), default=0.0)
        work = [rate.recent for rate in rates if rate.looked >= newest - RECENT_SECONDS]
        seconds = sum(each.seconds for each in work)
        return sum(each.units for each in work) / seconds if seconds else None

    def _left(self, run: RunState, steps_per_second: float) -> float:
        """How long a run takes from here on, once it is its turn."""
        scoring = self._scoring()
        if run.state == SCORING:
            return max(0.0, scoring - (self._clock() - self._trained[run.name]))
        rate = self._rates[run.name].per_second or steps_per_second
        return (run.steps - run.step) / rate + scoring

    def _scoring(self) -> float:
        """How long scores and pictures of a run take."""
        return mean(self._scoring_seconds.values()) if self._scoring_seconds else SCORING_SECONDS


def finish_time(at_work: Sequence[float], waiting: Sequence[float], at_a_time: int) -> float:
    """Tell when the last of several runs is finished, each begun when another has ended.

    Args:
        at_work: seconds that each of those at work still takes.
        waiting: seconds of each of the others, in their order.
        at_a_time: how many are at work at most.
    """
    ends = [*at_work, *[0.0] * (at_a_time - len(at_work))]
    heapq.heapify(ends)
    for seconds in waiting:
        heapq.heapreplace(ends, ends[0] + seconds)
    return max(ends)
