"""Codes and factors -> every score, each with its nulls, its interval and what to know of it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from math import inf, isfinite
from typing import Any

from threadpoolctl import threadpool_limits

from unknot.errors import UserError
from unknot.measure import nulls
from unknot.measure.checks import make_table
from unknot.measure.measured import VOID, Measured
from unknot.measure.measures import MEASURES, NO_LABELS, pairs_that_tell
from unknot.measure.nulls import Draw, Null, Progress
from unknot.measure.table import Table

FAMILIES = {
    "dci": ("dci_disentanglement", "dci_completeness", "dci_informativeness"),
    "infomec": ("infomec_modularity", "infomec_compactness", "infomec_explicitness"),
}
"""Measures that answer for several scores."""

KEYS = tuple(key for name in MEASURES for key in FAMILIES.get(name, (name,)))
"""Every score, in the order in which it is shown."""

HEADLINE = ("dci", "infomec")
"""The measures best regarded today (Carbonneau et al. 2022, Hsu et al. 2023)."""

NO_INTERVAL = ("total_correlation",)  # its bias depends on the number of points
UNBOUNDED = {"total_correlation": inf}  # highest values other than 1
ONE_LATENT = "rotation null void: one direction only, so there is nothing to rotate"
NOT_ABOVE_ROTATIONS = "no better than random rotations of the same code"
NOT_ABOVE_LABELS = "no better than permuted labels"
TESTED = ("infomec_modularity", "infomec_compactness")  # void unless the labels are beaten
CONVINCING = 0.05  # p-value that a score has to reach
NO_NULLS = {"permutations": 0, "rotations": 0, "resamples": 0}
ENOUGH_DRAWS = 20  # fewer cannot tell it


@dataclass(frozen=True)
class Score:
    """One measure of one table of codes and factors.

    Attributes:
        name: its key, such as `mig`.
        value: NaN where it is not defined; `flags` then says why.
        per_factor: by name of the factor, NaN for one that cannot be measured; empty for scores
            that have no value per factor.
        per_code: of the codes as they were given, NaN for those that do not vary; empty likewise.
        range: lowest and highest value that it can take.
        chance: what codes without information score, where theory says; else the null tells.
        num: points it was measured on.
        null_permutation: the score where labels are permuted.
        null_rotation: the score of random rotations of the whitened active codes.
        interval: 95%, over the choice of points.
        flags: what to know of it, in words.
    """

    name: str
    value: float
    per_factor: dict[str, float]
    per_code: tuple[float, ...]
    range: tuple[float, float]
    chance: float | None
    num: int
    null_permutation: Null | None
    null_rotation: Null | None
    interval: tuple[float, float] | None
    flags: tuple[str, ...]

    def as_dict(self) -> dict[str, Any]:
        """For a JSON document; what is not defined or not bounded is null there."""
        return {
            "value": _finite(self.value),
            "per_factor": {name: _finite(value) for name, value in self.per_factor.items()},
            "per_code": [_finite(value) for value in self.per_code],
            "range": [_finite(end) for end in self.range],
            "chance": self.chance,
            "num": self.num,
            "null_permutation": nulls.as_json(self.null_permutation),
            "null_rotation": nulls.as_json(self.null_rotation),
            "interval": None if self.interval is None else [_finite(end) for end in self.interval],
            "flags": list(self.flags),
        }


def score(
    codes: Any,
    factors: Any,
    *,
    factor_names: Sequence[str] | None = None,
    factor_kinds: Sequence[str] | None = None,
    measures: Sequence[str] | None = None,
    permutations: int = 20,
    rotations: int = 20,
    resamples: int = 20,
    points: int = 1_000,
    active_above: float = 0.0,
    seed: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
) -> dict[str, Score]:
    """Measure how codes relate to factors, by every measure.

    Args:
        codes: real numbers, shape `(num, dim)`.
        factors: real numbers, shape `(num, num_factors)`; NaN where not known.
        factor_names: one per factor.
        factor_kinds: `"discrete"`, `"binary"` or `"continuous"` for each; guessed by default.
        measures: names in `MEASURES`; all by default.
        permutations: draws of the null of permuted labels.
        rotations: draws of the null of rotated codes.
        resamples: subsamples behind the interval; 0 for none, likewise the nulls.
        points: at most so many points in each draw.
        active_above: codes whose standard deviation is not above this are left out.
        seed: of all random choices; the same seed gives the same scores.
        workers: processes; they change the time only.
        progress: called as `progress(what, done, total)` after each draw.

    Returns:
        Score by key, in the order of `KEYS`.

    Raises:
        UserError: if codes or factors cannot be measured; the message says what to do.
    """
    table = make_table(
        codes,
        factors,
        factor_names=factor_names,
        factor_kinds=factor_kinds,
        active_above=active_above,
        seed=seed,
    )
    return score_table(
        table,
        measures=measures,
        permutations=permutations,
        rotations=rotations,
        resamples=resamples,
        points=points,
        workers=workers,
        progress=progress,
    )


def score_table(
    table: Table,
    *,
    measures: Sequence[str] | None = None,
    permutations: int = 20,
    rotations: int = 20,
    resamples: int = 20,
    points: int = 1_000,
    null_measures: Sequence[str] | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> dict[str, Score]:
    """As `score`, for a table that is already checked.

    Args:
        table: from `make_table`.
        measures: as in `score`; likewise the next four.
        permutations: see there.
        rotations: see there.
        resamples: see there.
        points: see there.
        null_measures: those of the measures that get nulls and intervals; all by default.
        workers: processes.
        progress: called as `progress(what, done, total)`.
    """
    check_draws(permutations, rotations, resamples, points, workers)
    names = list(MEASURES) if measures is None else list(measures)
    unknown = sorted(set(names) - set(MEASURES))
    if unknown:
        raise UserError(f"measures holds {unknown}; it can hold {', '.join(MEASURES)}")
    with threadpool_limits(1):
        found = {key: m for name in names for key, m in MEASURES[name](table).items()}
        labelled = bool(set(names) - set(NO_LABELS)) and bool(table.num_active)
        void = labelled and not pairs_that_tell(table).any()
    num_points = min(points, len(table))
    draws: list[Draw] = []
    if table.num_active:
        rotated = rotations if nulls.whiten(table.codes).shape[1] > 1 else 0
        draws += [("observed", 0)] if permutations or rotated else []
        draws += [("permutation", i) for i in range(permutations)]
        draws += [("rotation", i) for i in range(rotated)]
        draws += [("resample", i) for i in range(resamples)]
        one_direction = bool(rotations) and not rotated
    else:
        one_direction = False
    repeated = [name for name in names if null_measures is None or name in null_measures]
    common, rare = nulls.without_rare(table, nulls.resample_size(len(table), num_points))
    if draws and rare:
        table = replace(table, flags=(*table.flags, f"too rare for nulls and intervals: {rare}"))
    if not common.factors:
        draws = []
    values = nulls.draw_all(common, draws, repeated, num_points, workers, progress)
    drawn = _Drawn(draws, values, num_points)
    return {
        key: _score(key, found[key], table, drawn, void, one_direction)
        for key in KEYS
        if key in found
    }


def check_draws(
    permutations: int, rotations: int, resamples: int, points: int, workers: int
) -> None:
    """Refuse numbers of draws, of their points or of processes that cannot be.

    Raises:
        UserError: names the first of them.
    """
    least = {"permutations": 0, "rotations": 0, "resamples": 0, "points": 100, "workers": 1}
    given = (permutations, rotations, resamples, points, workers)
    for (name, lowest), value in zip(least.items(), given):
        if value < lowest:
            raise UserError(f"{name} is {value}; it must be at least {lowest}")


@dataclass(frozen=True)
class _Drawn:
    """Every draw with its values."""

    draws: Sequence[Draw]
    values: Sequence[dict[str, float]]
    num_points: int

    def of(self, kind: str, key: str) -> list[float]:
        """One score in the draws of one kind."""
        pairs = zip(self.draws, self.values)
        return [values[key] for (k, _), values in pairs if k == kind and key in values]

    def null(self, kind: str, key: str) -> Null | None:
        """One score held against the draws of one kind."""
        observed = self.of("observed", key)
        if not observed:
            return None
        return nulls.compare_with(observed[0], self.of(kind, key), self.num_points)


def _score(
    key: str, measured: Measured, table: Table, drawn: _Drawn, void: bool, one_direction: bool
) -> Score:
    labelled = key not in NO_LABELS
    limits = (0.0, UNBOUNDED.get(key, 1.0))
    is_void = VOID in measured.flags
    permuted = None if is_void else drawn.null("permutation", key)
    rotated = None if is_void else drawn.null("rotation", key)
    flags = [*table.flags, *measured.flags]
    flags += [VOID] if void and labelled and VOID not in flags else []
    flags += [ONE_LATENT] if one_direction else []
    if labelled and key not in TESTED and _not_above(permuted):
        flags.append(NOT_ABOVE_LABELS)
    if labelled and _not_above(rotated):
        flags.append(NOT_ABOVE_ROTATIONS)
    size = nulls.resample_size(len(table), drawn.num_points)
    resampled = [] if is_void or key in NO_INTERVAL else drawn.of("resample", key)
    return Score(
        name=key,
        value=measured.value,
        per_factor=measured.per_factor,
        per_code=measured.per_code,
        range=limits,
        chance=measured.chance,
        num=len(table),
        null_permutation=permuted,
        null_rotation=rotated,
        interval=nulls.interval(measured.value, resampled, len(table), size, limits),
        flags=tuple(dict.fromkeys(flags)),
    )


def _not_above(null: Null | None) -> bool:
    """Whether enough draws say that a score is nothing special."""
    return null is not None and null.num >= ENOUGH_DRAWS and null.p_value > CONVINCING


def alone(measure: str, key: str | None = None) -> Callable[..., Score]:
    """One measure as a function of codes and factors.

    Args:
        measure: a name in `MEASURES`.
        key: which of its scores, where it has several.
    """
    wanted = key or measure

    def function(codes: Any, factors: Any, **options: Any) -> Score:
        return score(codes, factors, measures=[measure], **{**NO_NULLS, **options})[wanted]

    what = (MEASURES[measure].__doc__ or "").strip()
    function.__name__ = function.__qualname__ = wanted
    function.__doc__ = f"""{what}

    Args:
        codes: shape `(num, dim)`.
        factors: shape `(num, num_factors)`.
        **options: of `score`; without nulls and interval unless they are asked for.

    Returns:
        The score `{wanted}`.
    """
    return function


def _finite(value: float) -> float | None:
    return value if isfinite(value) else None
