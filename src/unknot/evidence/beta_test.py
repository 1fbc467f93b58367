"""Whether the axes stand out more at a higher beta: a test that deals betas anew to the runs.

Runs of one seed share their initial weights and the order of the images, so if beta does nothing,
any of its runs could have had any of the betas.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from unknot.common.errors import UserError
from unknot.evidence.beta_deals import LEVEL, deal_betas, least_p_value
from unknot.evidence.preregistration import MATCHED, TRAINED

FloatArray = NDArray[np.float64]
Values = ArrayLike | Mapping[str, ArrayLike]
"""Of every run, shape `(num_seeds, num_betas)`: of one condition, or of several by their names."""

SPECIAL = 5.0  # percent of rotations that all betas together may leave above their axes
ROUNDING = 1e-9
WORDS = {TRAINED: "as trained", MATCHED: "with rates and numbers of latents made equal"}


@dataclass(frozen=True)
class BetaResult:
    """One beta beside the lowest.

    Attributes:
        beta: the higher one.
        p_values: by condition: the share of deals in which the largest effect of any beta reaches
            this one's; 1 where a run has no z.
        effects: by condition: mean over the seeds of z less that at the lowest beta; NaN where a
            run has no z.
        special: whether all holds that is asked of the axes besides p: that they stand above nearly
            all rotations, and that selectivity is higher.
        supported: whether the axes stand out more at this beta, by the rule.
        reasons: what that rests on, in words.
        share_above: share of the rotations above the axes, the largest of the conditions, times
            the number of betas; 0 where no percentiles are given.
    """

    beta: float
    p_values: dict[str, float]
    effects: dict[str, float]
    special: bool
    supported: bool
    reasons: tuple[str, ...]
    share_above: float = 0.0

    @property
    def p_value(self) -> float:
        """The larger p-value of the conditions, since both must hold."""
        return max(self.p_values.values())

    @property
    def effect(self) -> float:
        """The smaller effect of the conditions, in standard deviations of random rotations."""
        return float(np.min(list(self.effects.values())))

    def as_dict(self) -> dict[str, Any]:
        """The fields for a JSON document, None for NaN."""
        effects = {name: None if value != value else value for name, value in self.effects.items()}
        return asdict(self) | {"effects": effects, "reasons": list(self.reasons)}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "BetaResult":
        """Read back what `as_dict` gave."""
        effects = {n: np.nan if v is None else v for n, v in document["effects"].items()}
        return cls(**document | {"effects": effects, "reasons": tuple(document["reasons"])})


@dataclass(frozen=True)
class BetaTest:
    """Every beta beside the lowest.

    Attributes:
        results: one for each beta but the lowest, ascending.
        level: that a p-value must reach.
        num_seeds: of each beta.
        least_p_value: that so many seeds and betas can reach.
    """

    results: tuple[BetaResult, ...]
    level: float
    num_seeds: int
    least_p_value: float

    @property
    def supported(self) -> tuple[float, ...]:
        """The betas at which the axes stand out more than at the lowest."""
        return tuple(result.beta for result in self.results if result.supported)

    @property
    def p_value(self) -> float:
        """The smallest of the betas whose axes are special: corrected for the number of betas."""
        return min((result.p_value for result in self.results if result.special), default=1.0)

    def as_dict(self) -> dict[str, Any]:
        """The fields for a JSON document."""
        return asdict(self) | {"results": [result.as_dict() for result in self.results]}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "BetaTest":
        """Read back what `as_dict` gave."""
        results = tuple(BetaResult.from_dict(result) for result in document["results"])
        return cls(**document | {"results": results})


@dataclass(frozen=True, eq=False)
class _Runs:
    """What is known of the runs, each by condition and of shape `(num_seeds, num_betas)`."""

    z: dict[str, FloatArray]
    percentiles: dict[str, FloatArray]
    selectivities: dict[str, FloatArray]
    betas: tuple[float, ...]
    seeds: tuple[int, ...]


def beta_test(
    z_scores: Values,
    *,
    percentiles: Values | None = None,
    selectivities: Values | None = None,
    betas: Sequence[float] | None = None,
    seeds: Sequence[int] | None = None,
    level: float = LEVEL,
    seed: int = 0,
) -> BetaTest:
    """Ask at which betas the axes of the runs stand out more than at the lowest.

    A beta's statistic is the mean over the seeds of its z less that of the lowest beta. Betas are
    dealt anew within each seed, or across all runs for up to three seeds (`deal_betas`), in all
    ways up to 2,000, else in 2,000 that are drawn, the observed one among them. The p-value is the
    share of deals in which the largest statistic of any beta reaches this beta's, so that it needs
    no correction for the number of betas (the max-T of Westfall and Young 1993); of several
    conditions the largest p-value counts (Berger 1982).

    A beta is supported if p is at most the level, its mean selectivity is higher than the lowest
    beta's, and the median over its seeds of the rotation percentile is at least `100 - 5 / (K - 1)`
    for K betas, each in every condition. Axes which all seeds of a beta share but which mean
    nothing fail the last. What is not given is not asked for.

    Args:
        z_scores: of every run: how far its axes stand above random rotations, as `axis_score`
            measures it. Shape `(num_seeds, num_betas)`, betas ascending; a dictionary of such
            tables where there are several conditions (as trained; matched). NaN for a run that has
            none, since fewer than two of its latents are active.
        percentiles: shares of the rotations below each run, in percent, of the same form.
        selectivities: of each run, of the same form.
        betas: of the columns; 0, 1, ... if they are not given.
        seeds: of the rows, likewise.
        level: that p must reach.
        seed: of the deals, where they are drawn.

    Raises:
        UserError: for tables of other shapes or conditions, fewer than two betas or no seed.
    """
    runs = _read(z_scores, percentiles, selectivities, betas, seeds)
    tested = {name: _test_condition(z, level, seed) for name, z in runs.z.items()}
    num_seeds, num_betas = len(runs.seeds), len(runs.betas)
    least = least_p_value(num_seeds, num_betas, level)
    results = []
    for column, beta in enumerate(runs.betas[1:], 1):
        p_values = {name: float(p[column]) for name, (_, p) in tested.items()}
        p_value = max(p_values.values())
        short_of_special = _short_of_special(runs, column)
        shortfalls = _short_of_level(p_value, runs, column, level, least) + short_of_special
        results.append(
            BetaResult(
                beta=beta,
                p_values=p_values,
                effects={name: float(effect[column]) for name, (effect, _) in tested.items()},
                special=not short_of_special,
                supported=not shortfalls,
                reasons=shortfalls or (f"p {p_value:.2g} is at most {level:g}",),
                share_above=_share_above(runs, column),
            )
        )
    return BetaTest(results=tuple(results), level=level, num_seeds=num_seeds, least_p_value=least)


def _test_condition(z: FloatArray, level: float, seed: int) -> tuple[FloatArray, FloatArray]:
    """The effect and the p-value of every beta; NaN and 1 where a run has no z.

    Such betas are left out of the deals, which is fair to the others: their runs can still be
    exchanged.
    """
    effects, p_values = np.full(z.shape[1], np.nan), np.ones(z.shape[1])
    whole = np.flatnonzero(np.isfinite(z).all(0))
    if not np.isfinite(z[:, 0]).all() or len(whole) < 2:
        return effects, p_values
    table = z[:, whole]
    dealt = table.ravel()[deal_betas(len(table), len(whole), level=level, seed=seed)].mean(1)
    largest = (dealt[:, 1:] - dealt[:, :1]).max(1)
    observed = table.mean(0) - table[:, 0].mean()
    effects[whole] = observed
    p_values[whole] = (largest[:, None] >= observed - ROUNDING).mean(0)
    return effects, p_values


def _short_of_level(
    p_value: float, runs: _Runs, column: int, level: float, least: float
) -> tuple[str, ...]:
    """Say in words why p does not reach the level; nothing if it does, or if there is no z."""
    if _without_z(runs, column):
        return ()
    if least > level:
        num = len(runs.seeds)
        counts = f"{num} seed{'s' * (num != 1)} of {len(runs.betas)} betas"
        reason = f"with {counts} the smallest possible p is {least:.2g}, and {level:g} is asked"
        return (f"too few runs: {reason}",)
    return (f"p {p_value:.2g} is above {level:g}",) if p_value > level else ()


def _short_of_special(runs: _Runs, column: int) -> tuple[str, ...]:
    """Say in words what the axes of a beta lack besides p; nothing if nothing."""
    without_z = _without_z(runs, column)
    if without_z:
        return (f"fewer than two latents are in use: {', '.join(without_z)}",)
    reasons = []
    for name, values in runs.selectivities.items():
        low, high = values[:, 0].mean(), values[:, column].mean()
        if not high > low + ROUNDING:
            text = f"selectivity is not higher ({high:.3g} beside {low:.3g})"
            reasons.append(f"{text}{_place(name)}")
    share = SPECIAL / (len(runs.betas) - 1)
    for name, values in runs.percentiles.items():
        median = float(np.median(values[:, column]))
        if not median >= 100 - share - ROUNDING:
            text = (
                f"the latents beat {median:.3g}% of random mixes, not the {100 - share:.3g}% asked"
            )
            reasons.append(f"{text}{_place(name)}")
    return tuple(reasons)


def _share_above(runs: _Runs, column: int) -> float:
    """The share of rotations that half of a beta's runs have above them, for all betas together."""
    medians = [float(np.median(values[:, column])) for values in runs.percentiles.values()]
    return (len(runs.betas) - 1) * (1 - min(medians) / 100) if medians else 0.0


def _without_z(runs: _Runs, column: int) -> list[str]:
    """Runs of the lowest beta and of another that have no z."""
    return [
        f"beta {runs.betas[k]:g} seed {runs.seeds[s]}"
        for k in (0, column)
        for s in range(len(runs.seeds))
        if any(not np.isfinite(z[s, k]) for z in runs.z.values())
    ]


def _place(condition: str) -> str:
    return f" {WORDS.get(condition, condition)}" if condition else ""


def _read(
    z_scores: Values,
    percentiles: Values | None,
    selectivities: Values | None,
    betas: Sequence[float] | None,
    seeds: Sequence[int] | None,
) -> _Runs:
    """Check tables and names."""
    z = _tables("z_scores", z_scores)
    shape = next(iter(z.values())).shape
    runs = _Runs(
        z=z,
        percentiles={} if percentiles is None else _tables("percentiles", percentiles),
        selectivities={} if selectivities is None else _tables("selectivities", selectivities),
        betas=tuple(range(shape[1]) if betas is None else betas),
        seeds=tuple(range(shape[0]) if seeds is None else seeds),
    )
    for name, tables in (("percentiles", runs.percentiles), ("selectivities", runs.selectivities)):
        if tables and set(tables) != set(z):
            conditions = "those of z_scores: " + ", ".join(map(repr, z))
            raise UserError(f"{name} has the conditions {list(tables)}; give {conditions}")
        for table in tables.values():
            if table.shape != shape:
                raise UserError(f"{name} has shape {table.shape} and z_scores {shape}; give one")
    if (len(runs.seeds), len(runs.betas)) != shape:
        counts = f"{len(runs.seeds)} seeds and {len(runs.betas)} betas"
        raise UserError(f"z_scores has shape {shape}, but {counts} were named; name each once")
    if list(runs.betas) != sorted(set(runs.betas)):
        raise UserError(f"betas are {runs.betas}; give the columns in ascending order of beta")
    return runs


def _tables(name: str, values: Values) -> dict[str, FloatArray]:
    """Tables by condition; one without a name is called by an empty string."""
    by_condition = values if isinstance(values, Mapping) else {"": values}
    tables = {key: np.asarray(table, np.float64) for key, table in by_condition.items()}
    shapes = {table.shape for table in tables.values()}
    shape = next(iter(shapes), ())
    if len(shapes) != 1 or len(shape) != 2 or shape[0] < 1 or shape[1] < 2:
        raise UserError(
            f"{name} has the shapes {sorted(shapes)}; give one shape (num_seeds, num_betas) with a "
            "seed or more and two betas or more"
        )
    return tables
