"""How fast counted work goes: over the last minute, and nothing before it is known."""

from collections import deque
from collections.abc import Callable
from typing import NamedTuple

Clock = Callable[[], float]
"""Gives seconds since some moment."""

RECENT_SECONDS = 60.0
SPEED_KNOWN_AFTER = 5.0  # seconds of work
TIME_LEFT_KNOWN_AFTER = 20.0  # seconds of work


class RecentWork(NamedTuple):
    """What was done over the last minute.

    Attributes:
        units: of work.
        seconds: that they took.
    """

    units: float
    seconds: float


class RecentRate:
    """How fast one piece of work goes, looked at now and then.

    What was done before the first look says nothing, nor does the time until the count first rises,
    when the work gets ready. A count that falls is work that has begun again.

    Args:
        clock: gives the seconds.

    Attributes:
        began: when the count first rose; None before.
        looked: when the count was last told.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.looked = clock()
        self._count: float | None = None
        self._rises: deque[tuple[float, float]] = deque()
        self.began: float | None = None

    def add(self, count: float) -> None:
        """Tell what is done by now."""
        self.looked = self._clock()
        if self._count is not None and count < self._count:
            self._rises.clear()
            self.began = None
        elif self._count is not None and count > self._count:
            self._rises.append((self.looked, count))
            self.began = self._rises[0][0] if self.began is None else self.began
        self._count = count
        while len(self._rises) > 2 and self._rises[1][0] <= self.looked - RECENT_SECONDS:
            self._rises.popleft()

    @property
    def recent(self) -> RecentWork:
        """What was done over the last minute; nothing before the count has risen twice.

        The time since the last rise counts once it is longer than rises were apart.
        """
        if len(self._rises) < 2:
            return RecentWork(0.0, 0.0)
        (first, count_before), (last, count) = self._rises[0], self._rises[-1]
        num_rises = len(self._rises) - 1
        stalled = (self.looked - first) * num_rises / (num_rises + 1)
        return RecentWork(count - count_before, max(last - first, stalled))

    @property
    def per_second(self) -> float | None:
        """Units a second over the last minute; None before some seconds of work."""
        units, seconds = self.recent
        return units / seconds if seconds >= SPEED_KNOWN_AFTER else None

    def seconds_left(self, total: float) -> float | None:
        """How long the rest takes; None before there has been work enough to tell.

        Args:
            total: units of all the work.
        """
        rate = self.per_second
        if not rate or self._count is None or self.began is None:
            return None
        if self.looked - self.began < TIME_LEFT_KNOWN_AFTER:
            return None
        return (total - self._count) / rate
