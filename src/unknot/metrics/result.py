"""What metrics give back: the result of one function, a null, and the whole `Score`.

A `Score` goes to a JSON document by `as_dict` and comes back by `from_dict`, also from documents
of version 0.1.0.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from math import inf, isfinite, nan
from typing import TYPE_CHECKING, Any, NamedTuple

from unknot.metrics.registry import OLD_KEYS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from unknot.metrics.table import Table

VOID = "void: no latent beats the permutation null"
SINGLE_LATENT = "void: one latent varies, so there is nothing for a factor to spread over"
ONE_FACTOR = "void: one factor only, so there is nothing to tell it from"
UNBOUNDED = "unbounded: a latent is a linear function of others"


class MetricResult(NamedTuple):
    """One score of one table, as a metric's function computes it.

    Attributes:
        value: the score; NaN if it is not defined for this table.
        per_factor: by name of the factor, where the score has parts per factor.
        per_latent: of the latents as they were given, NaN for those that do not vary; or nothing.
        chance: what codes that hold nothing score, where theory says.
        flags: what to know of this score, in plain English.
    """

    value: float
    per_factor: dict[str, float] = {}  # noqa: RUF012 (a NamedTuple's default is never mutated)
    per_latent: tuple[float, ...] = ()
    chance: float | None = 0.0
    flags: tuple[str, ...] = ()


def void_result(flag: str) -> MetricResult:
    """Make the result of a score that is not defined for a table.

    Args:
        flag: says why.
    """
    return MetricResult(nan, chance=None, flags=(flag,))


def mean_over_factors(
    table: "Table", values: "NDArray[np.float64]", flags: tuple[str, ...] = ()
) -> MetricResult:
    """Make the result of a score that is the mean of its factors, of which 0 is chance.

    Args:
        table: that was scored.
        values: of its factors, shape `(num_factors,)`.
        flags: what to know.
    """
    return MetricResult(_mean(values), per_factor=table.per_factor(values), flags=flags)


def mean_over_latents(
    table: "Table",
    values: "NDArray[np.float64]",
    flags: tuple[str, ...] = (),
    chance: float | None = 0.0,
) -> MetricResult:
    """Make the result of a score that is the mean of its active latents; 0 if there are none.

    Args:
        table: that was scored.
        values: of its active latents, shape `(num_active,)`.
        flags: what to know.
        chance: what codes that hold nothing score, where theory says.
    """
    per_latent = table.per_latent(values)
    return MetricResult(_mean(values), per_latent=per_latent, chance=chance, flags=flags)


@dataclass(frozen=True)
class Null:
    """A score where there is nothing to find.

    Attributes:
        mean: over the draws.
        std: standard deviation over the draws.
        percentile: share of the draws below the observed value, in percent; equal ones count half.
        p_value: `(1 + draws not below the observed value) / (1 + draws)`.
        observed: the score of the given codes on the same points, with the same effort.
        num: draws.
        num_points: points of each.
    """

    mean: float
    std: float
    percentile: float
    p_value: float
    observed: float
    num: int
    num_points: int

    def as_dict(self) -> dict[str, Any]:
        """Write the null for a JSON document."""
        return dict(vars(self))

    @classmethod
    def from_dict(cls, document: Mapping[str, Any]) -> "Null":
        """Read what `as_dict` wrote."""
        return cls(
            mean=document["mean"],
            std=document["std"],
            percentile=document["percentile"],
            p_value=document["p_value"],
            observed=document["observed"],
            num=document["num"],
            num_points=document["num_points"],
        )


@dataclass(frozen=True)
class Score:
    """One score of one table of codes and factors, with its nulls, its interval and its flags.

    Attributes:
        name: its key, such as `mig`.
        value: NaN where it is not defined; `flags` then says why.
        per_factor: by name of the factor, NaN for one that cannot be measured; empty for scores
            that have no value per factor.
        per_latent: of the latents as they were given, NaN for those that do not vary; empty
            likewise.
        range: lowest and highest value that it can take.
        chance: what codes without information score, where theory says; else the null tells.
        num: points it was computed on.
        null_permutation: the score where labels are permuted.
        null_rotation: the score of random rotations of the whitened active latents.
        interval: 95%, over the choice of points.
        flags: what to know of it, in plain English.
    """

    name: str
    value: float
    per_factor: dict[str, float]
    per_latent: tuple[float, ...]
    range: tuple[float, float]
    chance: float | None
    num: int
    null_permutation: Null | None
    null_rotation: Null | None
    interval: tuple[float, float] | None
    flags: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """Write the score for a JSON document; what is not defined or not bounded is null there."""
        return {
            "value": _finite(self.value),
            "per_factor": {name: _finite(value) for name, value in self.per_factor.items()},
            "per_latent": [_finite(value) for value in self.per_latent],
            "range": [_finite(end) for end in self.range],
            "chance": self.chance,
            "num": self.num,
            "null_permutation": self.null_permutation and self.null_permutation.as_dict(),
            "null_rotation": self.null_rotation and self.null_rotation.as_dict(),
            "interval": None if self.interval is None else [_finite(end) for end in self.interval],
            "flags": list(self.flags),
        }

    @classmethod
    def from_dict(cls, name: str, document: Mapping[str, Any]) -> "Score":
        """Read what `as_dict` wrote, in this version or in version 0.1.0.

        Args:
            name: the key under which the document stood; one of version 0.1.0 gets its new name.
            document: the score.

        Returns:
            The score; a value that is null there is infinite if a flag says so, else NaN.
        """
        flags = tuple(document["flags"])
        unbounded = any(flag.startswith("unbounded") for flag in flags)
        per_latent = document["per_latent"] if "per_latent" in document else document["per_code"]
        null_permutation, null_rotation = document["null_permutation"], document["null_rotation"]
        return cls(
            name=OLD_KEYS.get(name, name),
            value=_number(document["value"], inf if unbounded else nan),
            per_factor={factor: _number(v, nan) for factor, v in document["per_factor"].items()},
            per_latent=tuple(_number(value, nan) for value in per_latent),
            range=_pair(document["range"]),
            chance=document["chance"],
            num=document["num"],
            null_permutation=Null.from_dict(null_permutation) if null_permutation else None,
            null_rotation=Null.from_dict(null_rotation) if null_rotation else None,
            interval=None if document["interval"] is None else _pair(document["interval"]),
            flags=flags,
        )


def _mean(values: "NDArray[np.float64]") -> float:
    return float(values.mean()) if len(values) else 0.0


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None


def _number(value: float | None, missing: float) -> float:
    return missing if value is None else value


def _pair(ends: Iterable[float | None]) -> tuple[float, float]:
    """Two ends, of which one that is null has no bound."""
    low, high = ends
    return _number(low, -inf), _number(high, inf)
