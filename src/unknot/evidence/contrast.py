"""Two groups of runs held against each other, with seeds as replicates."""

from collections.abc import Callable, Sequence
from itertools import combinations
from math import ceil, comb
from statistics import NormalDist
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Statistic = Callable[[Sequence[int]], float]
"""Rows of the runs of one group -> its value."""

MAX_ASSIGNMENTS = 20_000  # of the runs to the groups: with more, so many are drawn
NUM_RESAMPLES = 400
LEAST_RUNS = 3  # of a group, for an interval
ROUNDING = 1e-9


class Difference(NamedTuple):
    """What a measure says of a higher beta beside the lowest.

    Attributes:
        low: of the runs at the lowest beta.
        high: of those at the higher.
        p_value: two-sided; 1 where a group has no value.
        interval: 95% of the difference, from resamples of the seeds; None where it has no value.
        deviation: standard deviation of the difference over those.
    """

    low: float
    high: float
    p_value: float
    interval: tuple[float, float] | None
    deviation: float

    @property
    def value(self) -> float:
        """The higher beta's less the lowest's."""
        return self.high - self.low

    @property
    def is_higher(self) -> bool:
        """Whether the higher beta has more."""
        return self.value > ROUNDING


def difference(
    of_group: Statistic, num_low: int, num_high: int, rng: np.random.Generator
) -> Difference:
    """Hold the first runs against the others.

    The p-value is the share of the ways to deal the runs to two groups of these sizes in which the
    groups differ as much as they do, the observed way included (Fisher 1935).

    Args:
        of_group: value of a group of runs; NaN where it has none.
        num_low: runs at the lowest beta; they come first.
        num_high: runs at the higher.
        rng: draws assignments where there are too many, and resamples.
    """
    num = num_low + num_high
    everyone = frozenset(range(num))
    kept: dict[frozenset[int], float] = {}

    def value(group: frozenset[int]) -> float:
        if group not in kept:
            kept[group] = of_group(sorted(group))
        return kept[group]

    low, high = value(frozenset(range(num_low))), value(frozenset(range(num_low, num)))
    if not np.isfinite([low, high]).all():
        return Difference(low, high, 1.0, None, float("nan"))
    groups = [frozenset(group) for group in _groups(num, num_high, rng)]
    drawn = np.abs([value(group) - value(everyone - group) for group in groups])
    reached = int((drawn >= abs(high - low) - ROUNDING).sum())
    exact = comb(num, num_high) <= MAX_ASSIGNMENTS
    p_value = reached / len(groups) if exact else (1 + reached) / (1 + len(groups))
    if min(num_low, num_high) < LEAST_RUNS:
        return Difference(low, high, p_value, None, float("nan"))
    resampled = _resampled(of_group, num_low, num_high, rng)
    ends = np.quantile(resampled, (0.025, 0.975))
    return Difference(
        low, high, p_value, (float(ends[0]), float(ends[1])), float(resampled.std(ddof=1))
    )


def _groups(num: int, size: int, rng: np.random.Generator) -> list[tuple[int, ...]]:
    if comb(num, size) <= MAX_ASSIGNMENTS:
        return list(combinations(range(num), size))
    return [tuple(rng.permutation(num)[:size]) for _ in range(MAX_ASSIGNMENTS)]


def _resampled(
    of_group: Statistic, num_low: int, num_high: int, rng: np.random.Generator
) -> FloatArray:
    """Differences of groups whose seeds were drawn with repetition."""
    found = []
    for _ in range(NUM_RESAMPLES):
        low = rng.integers(0, num_low, num_low)
        high = rng.integers(num_low, num_low + num_high, num_high)
        found.append(of_group(low.tolist()) - of_group(high.tolist()))
    values = -np.array(found)
    return values[np.isfinite(values)]


def resample_interval(
    of_group: Statistic, num: int, rng: np.random.Generator
) -> tuple[float, float] | None:
    """95% interval of a group's value from resamples of its runs; None where there is none."""
    if num < LEAST_RUNS:
        return None
    values = np.array([of_group(rng.integers(0, num, num).tolist()) for _ in range(NUM_RESAMPLES)])
    values = values[np.isfinite(values)]
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def mean_of(values: Sequence[float]) -> Statistic:
    """The mean of a value that each run has."""
    known = np.asarray(values, np.float64)
    return lambda group: float(known[list(group)].mean())


def agreement_of(pairs: FloatArray) -> Statistic:
    """UDR of a group: the mean over its models of the median over its others.

    Args:
        pairs: score of each two models, symmetric, shape `(num, num)`. A model that is drawn twice
            is not compared with itself.
    """

    def value(group: Sequence[int]) -> float:
        rows = np.asarray(group)
        if len(np.unique(rows)) < 2:
            return float("nan")
        own = pairs[np.ix_(rows, rows)].copy()
        own[rows[:, None] == rows[None]] = np.nan
        ordered = np.sort(own, axis=1)  # NaN last
        num = np.isfinite(own).sum(1)
        each = np.arange(len(rows))
        medians = (ordered[each, (num - 1) // 2] + ordered[each, num // 2]) / 2
        return float(medians.mean())

    return value


def least_p_value(num_low: int, num_high: int) -> float:
    """The smallest p-value that `difference` can give for groups of these sizes."""
    ways = comb(num_low + num_high, num_low)
    if ways > MAX_ASSIGNMENTS:
        return 1 / (1 + MAX_ASSIGNMENTS)
    return (2 if num_low == num_high else 1) / ways


def seeds_to_reach(level: float, num_contrasts: int) -> int:
    """Seeds of each beta from which on every one of so many contrasts can pass."""
    num = 2
    while least_p_value(num, num) * num_contrasts > level:
        num += 1
    return num


def seeds_to_find(
    one: Difference, num: int, level: float, num_contrasts: int, power: float
) -> float:
    """Seeds of each beta with which a difference of this size would be found.

    Args:
        one: as it was seen.
        num: seeds with which it was.
        level: of the test, before the correction.
        num_contrasts: that it is corrected for.
        power: chance to find it.
    """
    if not (one.is_higher and one.deviation > 0):
        return float("inf") if not one.is_higher else num
    wanted = NormalDist().inv_cdf(1 - level / (2 * num_contrasts)) + NormalDist().inv_cdf(power)
    return ceil(num * (wanted * one.deviation / one.value) ** 2)


def holm(p_values: Sequence[float]) -> list[float]:
    """P-values corrected for their number (Holm 1979)."""
    order = np.argsort(p_values, kind="stable")
    corrected, largest = [0.0] * len(order), 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p_values[i]))
        corrected[i] = largest
    return corrected
