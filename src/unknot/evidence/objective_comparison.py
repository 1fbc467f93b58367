"""Objectives beside each other at the same rate, since equal strengths mean nothing across them.

The strengths of an objective trace a line for each seed: a score over the rate. All objectives are
read off their lines at one rate that every one of them comes to.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import combinations, count
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from unknot.evidence.beta_deals import LEVEL, deal_betas

FloatArray = NDArray[np.float64]

NEAR = 0.05  # of the rate: so far past the end of its line an objective still counts as at a rate
LEAST_SEEDS = 2  # for an interval
CONFIDENCE = 0.95
NAN = float("nan")
NO_SHARED_SEED = "no seed was trained with all of them, so there is nothing to hold side by side"


class RunPoint(NamedTuple):
    """What one run gave.

    Attributes:
        objective: it was trained with.
        seed: it was trained with.
        rate: on test images, in nats per image.
        values: measure -> its value; measures that are void are left out.
    """

    objective: str
    seed: int
    rate: float
    values: Mapping[str, float]


@dataclass(frozen=True)
class MatchedValue:
    """One measure of one objective at the matched rate.

    Attributes:
        objective: its name.
        measure: its name.
        values: of each seed.
        mean: of these.
        interval: 95%, Student's t over the seeds; None for fewer than two.
        difference: mean over the seeds of this less the first objective's; None of the first.
        difference_interval: 95%, likewise.
        p_value: two-sided, that the difference is chance, corrected for all objectives; None of the
            first objective, and where seeds are too few for it to reach 5%.
    """

    objective: str
    measure: str
    values: tuple[float, ...]
    mean: float
    interval: tuple[float, float] | None
    difference: float | None
    difference_interval: tuple[float, float] | None
    p_value: float | None

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "MatchedValue":
        """Read back what `dataclasses.asdict` gave."""
        ends = {name: document[name] for name in ("interval", "difference_interval")}
        pairs = {name: tuple(value) if value else None for name, value in ends.items()}
        return cls(**document | pairs | {"values": tuple(document["values"])})


@dataclass(frozen=True)
class MatchedRate:
    """Every objective at the same rate.

    Attributes:
        rate: in nats per image; None where no rate is shared.
        reason: why none is, in words; else empty.
        objectives: the one that the others are held against first.
        seeds: that every objective has been trained with.
        values: of every measure and objective; empty where no rate is shared.
    """

    rate: float | None
    reason: str
    objectives: tuple[str, ...]
    seeds: tuple[int, ...]
    values: tuple[MatchedValue, ...]

    def value(self, measure: str, objective: str) -> MatchedValue | None:
        """Give one measure of one objective; None where it is not to be had."""
        wanted = (measure, objective)
        return next((v for v in self.values if (v.measure, v.objective) == wanted), None)

    @property
    def measures(self) -> tuple[str, ...]:
        """Names of the measures, in their order."""
        return tuple(dict.fromkeys(value.measure for value in self.values))

    def as_dict(self) -> dict[str, Any]:
        """The fields, for a JSON document."""
        return asdict(self)

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "MatchedRate":
        """Read back what `as_dict` gave."""
        return cls(
            rate=document["rate"],
            reason=document["reason"],
            objectives=tuple(document["objectives"]),
            seeds=tuple(document["seeds"]),
            values=tuple(MatchedValue.from_dict(value) for value in document["values"]),
        )


def match_rates(points: Sequence[RunPoint], objectives: Sequence[str]) -> MatchedRate:
    """Compare objectives at a rate that all of them come to.

    The rate is the middle of those that lie between the lowest and the highest strength of every
    objective and seed, or within 5% of them. Between two strengths a measure is interpolated
    linearly over the rate. For the first objective and any others, these are dealt anew to the runs
    of each seed (`deal_betas`), and p is the share of deals in which the largest difference from
    the first, up or down, reaches theirs. The p-value of an objective is the largest of all sets
    that it is in (closed testing).

    Args:
        points: of every run; those of seeds that an objective lacks are left out.
        objectives: two or more; the first is what the others are held against.
    """
    seeds = _shared_seeds(points, objectives)
    lines = {(name, seed): _line(points, name, seed) for name in objectives for seed in seeds}
    rate, reason = _shared_rate(lines) if seeds else (None, NO_SHARED_SEED)
    values: list[MatchedValue] = []
    if rate is not None:
        for measure in _measures(points):
            table = np.array(
                [
                    [_at_rate(lines[name, seed], measure, rate) for name in objectives]
                    for seed in seeds
                ]
            )
            if np.isfinite(table).all():
                values += _compare(measure, objectives, table)
    return MatchedRate(rate, reason, tuple(objectives), tuple(seeds), tuple(values))


def _shared_seeds(points: Sequence[RunPoint], objectives: Sequence[str]) -> list[int]:
    """Seeds with a run of every objective."""
    of_each = [{point.seed for point in points if point.objective == name} for name in objectives]
    return sorted(set.intersection(*of_each))


def _measures(points: Sequence[RunPoint]) -> list[str]:
    """Measures that any run has, in their order."""
    return list(dict.fromkeys(name for point in points for name in point.values))


def _line(points: Sequence[RunPoint], objective: str, seed: int) -> list[RunPoint]:
    """The runs of one objective and seed, the lowest rate first."""
    line = [point for point in points if (point.objective, point.seed) == (objective, seed)]
    return sorted(line, key=lambda point: point.rate)


def _shared_rate(lines: Mapping[tuple[str, int], Sequence[RunPoint]]) -> tuple[float | None, str]:
    """The middle of the rates that every line comes to, or why there is none."""
    low = max(lines, key=lambda key: lines[key][0].rate)
    high = min(lines, key=lambda key: lines[key][-1].rate)
    lowest, highest = lines[low][0].rate, lines[high][-1].rate
    if lowest <= highest:
        return (lowest + highest) / 2, ""
    if lowest * (1 - NEAR) <= highest * (1 + NEAR):
        return (lowest + highest) / 2, ""
    return None, _apart(low, lowest, high, highest)


def _apart(low: tuple[str, int], lowest: float, high: tuple[str, int], highest: float) -> str:
    """Say which objective's rates lie above those of another, each named with a seed."""
    if low[0] == high[0]:
        return (
            f"the rates of {low[0]} differ from seed to seed ({lowest:.1f} nats an image with seed "
            f"{low[1]}, {highest:.1f} with seed {high[1]}); train it at two strengths or more"
        )
    return (
        f"their rates do not meet: {low[0]} comes down to {lowest:.1f} nats an image (seed "
        f"{low[1]}) and {high[0]} up to {highest:.1f} (seed {high[1]}); train {low[0]} at "
        f"strengths that let less through, or {high[0]} at strengths that let more through"
    )


def _at_rate(line: Sequence[RunPoint], measure: str, rate: float) -> float:
    """A measure read off a line; at its end, past it; NaN where it is void beside the rate."""
    values = [point.values.get(measure, NAN) for point in line]
    return float(np.interp(rate, [point.rate for point in line], values))


def _compare(measure: str, objectives: Sequence[str], table: FloatArray) -> list[MatchedValue]:
    """Compare the columns of a table of seeds and objectives with the first."""
    differences = table - table[:, :1]
    p_values = deal_p_values(table)
    return [
        MatchedValue(
            objective=name,
            measure=measure,
            values=tuple(table[:, k].tolist()),
            mean=float(table[:, k].mean()),
            interval=student_interval(table[:, k]),
            difference=float(differences[:, k].mean()) if k else None,
            difference_interval=student_interval(differences[:, k]) if k else None,
            p_value=p_values[k - 1] if k and p_values else None,
        )
        for k, name in enumerate(objectives)
    ]


def deal_p_values(table: FloatArray) -> list[float]:
    """Test whether the columns of a table differ from the first.

    Args:
        table: of seeds and objectives.

    Returns:
        A two-sided p-value for each column but the first, corrected for their number; empty where
        so few seeds could not reach 5% whatever they gave.
    """
    num_seeds, num_columns = table.shape
    if least_p_value(num_seeds, num_columns) > LEVEL:
        return []
    return _p_values(table)


def least_p_value(num_seeds: int, num_columns: int) -> float:
    """Compute the smallest p-value that a table can give: one column far above all others."""
    table = np.zeros((num_seeds, num_columns))
    table[:, 1] = 1
    return _p_values(table)[0]


def seeds_needed(num_columns: int) -> int:
    """Count the seeds with which a difference of objectives can reach 5%.

    Args:
        num_columns: objectives, two or more.
    """
    return next(num for num in count(LEAST_SEEDS) if least_p_value(num, num_columns) <= LEVEL)


def _p_values(table: FloatArray) -> list[float]:
    """Test each column but the first by closed testing.

    A column's p-value is the largest among those of all sets of columns that it is in, so that one
    column far from the first does not hide another (Marcus, Peritz and Gabriel 1976).
    """
    others = range(1, table.shape[1])
    sets = [chosen for size in others for chosen in combinations(others, size)]
    p_values = {chosen: _p_value(table[:, [0, *chosen]]) for chosen in sets}
    return [max(p for chosen, p in p_values.items() if column in chosen) for column in others]


def _p_value(table: FloatArray) -> float:
    """Test whether any column differs from the first, by the largest difference of their means."""
    means = table.ravel()[deal_betas(*table.shape)].mean(1)
    dealt = np.abs(means[:, 1:] - means[:, :1]).max(1)
    observed = np.abs(table.mean(0)[1:] - table.mean(0)[0]).max()
    slack = 1e-12 * max(1.0, float(np.abs(table).max()))  # equal sums, added in another order
    return float((dealt >= observed - slack).mean())


def student_interval(values: FloatArray) -> tuple[float, float] | None:
    """Give the 95% interval of a mean by Student's t; None for fewer than two values."""
    num = len(values)
    if num < LEAST_SEEDS:
        return None
    half = float(stdtrit(num - 1, (1 + CONFIDENCE) / 2) * values.std(ddof=1) / num**0.5)
    mean = float(values.mean())
    return mean - half, mean + half
