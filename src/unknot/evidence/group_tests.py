"""Two groups of runs held against each other, with seeds as replicates."""

from collections.abc import Callable, Sequence
from itertools import combinations
from math import ceil, comb
from statistics import NormalDist
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unknot.evidence.preregistration import Similarity
from unknot.metrics.agreement import udr

FloatArray = NDArray[np.float64]
Pca = Callable[[int, int], FloatArray]
"""Number of a refit and number of dimensions -> PCA's codes of the test images."""
Statistic = Callable[[Sequence[int]], float]
"""Rows of the runs of one group -> its value."""

MAX_ASSIGNMENTS = 20_000  # of the runs to the groups: with more, so many are drawn
NUM_RESAMPLES = 400
LEAST_RUNS = 3  # of a group, for an interval
ROUNDING = 1e-9
NAN = float("nan")


class Difference(NamedTuple):
    """What a measure says of a higher beta beside the lowest.

    Attributes:
        low: of the runs at the lowest beta.
        high: of those at the higher.
        p_value: two-sided; 1 where a group has no value.
        interval: 95% of the difference, from resamples of the seeds; None where it has no value.
        std: standard deviation of the difference over those; NaN where it has no interval.
    """

    low: float
    high: float
    p_value: float
    interval: tuple[float, float] | None
    std: float

    @property
    def value(self) -> float:
        """The higher beta's less the lowest's."""
        return self.high - self.low

    @property
    def is_higher(self) -> bool:
        """Whether the higher beta has more."""
        return self.value > ROUNDING

    def as_dict(self) -> dict[str, Any]:
        """The fields and the value for a JSON document, None for NaN."""
        return {
            "low": _none_if_nan(self.low),
            "high": _none_if_nan(self.high),
            "p_value": self.p_value,
            "interval": self.interval,
            "std": _none_if_nan(self.std),
            "value": _none_if_nan(self.value),
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "Difference":
        """Read back what `as_dict` gave."""
        interval = document["interval"]
        return cls(
            low=_nan_if_none(document["low"]),
            high=_nan_if_none(document["high"]),
            p_value=document["p_value"],
            interval=(interval[0], interval[1]) if interval else None,
            std=_nan_if_none(document["std"]),
        )


def difference(
    group_statistic: Statistic, num_low: int, num_high: int, rng: np.random.Generator
) -> Difference:
    """Hold the first runs against the others.

    The p-value is the share of the ways to deal the runs to two groups of these sizes in which the
    groups differ as much as they do, the observed way included (Fisher 1935).

    Args:
        group_statistic: value of a group of runs; NaN where it has none.
        num_low: runs at the lowest beta; they come first.
        num_high: runs at the higher.
        rng: draws assignments where there are too many, and resamples.
    """
    num = num_low + num_high
    everyone = frozenset(range(num))
    cache: dict[frozenset[int], float] = {}

    def value(group: frozenset[int]) -> float:
        if group not in cache:
            cache[group] = group_statistic(sorted(group))
        return cache[group]

    low, high = value(frozenset(range(num_low))), value(frozenset(range(num_low, num)))
    if not np.isfinite([low, high]).all():
        return Difference(low=low, high=high, p_value=1.0, interval=None, std=NAN)
    groups = [frozenset(group) for group in _groups(num, num_high, rng)]
    drawn = np.abs([value(group) - value(everyone - group) for group in groups])
    reached = int((drawn >= abs(high - low) - ROUNDING).sum())
    is_exact = comb(num, num_high) <= MAX_ASSIGNMENTS
    p_value = reached / len(groups) if is_exact else (1 + reached) / (1 + len(groups))
    if min(num_low, num_high) < LEAST_RUNS:
        return Difference(low=low, high=high, p_value=p_value, interval=None, std=NAN)
    resampled = _resampled(group_statistic, num_low, num_high, rng)
    ends = np.quantile(resampled, (0.025, 0.975))
    return Difference(
        low=low,
        high=high,
        p_value=p_value,
        interval=(float(ends[0]), float(ends[1])),
        std=float(resampled.std(ddof=1)),
    )


def _groups(num: int, size: int, rng: np.random.Generator) -> list[tuple[int, ...]]:
    if comb(num, size) <= MAX_ASSIGNMENTS:
        return list(combinations(range(num), size))
    return [tuple(rng.permutation(num)[:size]) for _ in range(MAX_ASSIGNMENTS)]


def _resampled(
    group_statistic: Statistic, num_low: int, num_high: int, rng: np.random.Generator
) -> FloatArray:
    """Differences of groups whose seeds were drawn with repetition."""
    differences = []
    for _ in range(NUM_RESAMPLES):
        low = rng.integers(0, num_low, num_low)
        high = rng.integers(num_low, num_low + num_high, num_high)
        differences.append(group_statistic(low.tolist()) - group_statistic(high.tolist()))
    values = -np.array(differences)
    return values[np.isfinite(values)]


def resample_interval(
    group_statistic: Statistic, num: int, rng: np.random.Generator
) -> tuple[float, float] | None:
    """Compute the 95% interval of a group's value from resamples of its runs.

    Args:
        group_statistic: value of a group of runs; NaN where it has none.
        num: runs.
        rng: draws the resamples.

    Returns:
        Its ends; None for fewer than three runs.
    """
    if num < LEAST_RUNS:
        return None
    values = np.array(
        [group_statistic(rng.integers(0, num, num).tolist()) for _ in range(NUM_RESAMPLES)]
    )
    values = values[np.isfinite(values)]
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def mean_of(values: Sequence[float]) -> Statistic:
    """Average a value that each run has."""
    known = np.asarray(values, np.float64)
    return lambda group: float(known[list(group)].mean())


def agreement_of(pairs: FloatArray) -> Statistic:
    """Compute UDR of a group: the mean over its models of the median over its others.

    Args:
        pairs: score of each two models, symmetric, shape `(num, num)`. A model that is drawn twice
            is not compared with itself.
    """

    def value(group: Sequence[int]) -> float:
        rows = np.asarray(group)
        if len(np.unique(rows)) < 2:
            return NAN
        similarity = pairs[np.ix_(rows, rows)].copy()
        similarity[rows[:, None] == rows[None]] = np.nan
        ordered = np.sort(similarity, axis=1)  # NaN last
        num = np.isfinite(similarity).sum(1)
        each = np.arange(len(rows))
        medians = (ordered[each, (num - 1) // 2] + ordered[each, num // 2]) / 2
        return float(medians.mean())

    return value


def udr_minus_pca(
    codes: Sequence[FloatArray], refits: Sequence[FloatArray], similarity: Similarity
) -> Statistic:
    """Compute UDR of a group of models less that of PCA with as many dimensions each.

    Args:
        codes: of each model.
        refits: PCA's, one for each model.
        similarity: as `udr` takes it.
    """
    if len(codes) < 2:
        return lambda group: NAN
    models = agreement_of(udr(codes, similarity=similarity).pairs)
    pca = agreement_of(udr(refits, similarity=similarity).pairs)
    return lambda group: models(group) - pca(group)


def least_p_value(num_low: int, num_high: int) -> float:
    """Compute the smallest p-value that `difference` can give for groups of these sizes."""
    ways = comb(num_low + num_high, num_low)
    if ways > MAX_ASSIGNMENTS:
        return 1 / (1 + MAX_ASSIGNMENTS)
    return (2 if num_low == num_high else 1) / ways


def seeds_to_reach(alpha: float, num_contrasts: int) -> int:
    """Count the seeds of each beta from which on every one of so many contrasts can pass."""
    num = 2
    while least_p_value(num, num) * num_contrasts > alpha:
        num += 1
    return num


def seeds_to_find(
    observed: Difference, num: int, alpha: float, num_contrasts: int, power: float
) -> float:
    """Estimate the seeds of each beta with which a difference of this size would be found.

    Args:
        observed: the difference.
        num: seeds with which it was observed.
        alpha: of the test, before the correction.
        num_contrasts: that it is corrected for.
        power: chance to find it.
    """
    if not observed.is_higher:
        return float("inf")
    if not observed.std > 0:
        return num
    z = NormalDist().inv_cdf(1 - alpha / (2 * num_contrasts)) + NormalDist().inv_cdf(power)
    return ceil(num * (z * observed.std / observed.value) ** 2)


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number (Holm 1979)."""
    order = np.argsort(p_values, kind="stable")
    corrected, largest = [0.0] * len(order), 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p_values[i]))
        corrected[i] = largest
    return corrected


def _none_if_nan(value: float) -> float | None:
    return None if np.isnan(value) else value


def _nan_if_none(value: float | None) -> float:
    return NAN if value is None else value
