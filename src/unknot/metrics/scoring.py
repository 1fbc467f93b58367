"""Codes and factors -> every score, each with its nulls, its interval and what to know of it."""

import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from threadpoolctl import threadpool_limits

from unknot.common.errors import UserError
from unknot.common.plugins import check_choice
from unknot.common.progress import Progress
from unknot.metrics.inputs import make_table
from unknot.metrics.nulls import (
    Draw,
    Kind,
    can_rotate,
    compare_with,
    draw_all,
    interval,
    plan_draws,
    subsample_size,
    without_rare,
)
from unknot.metrics.registry import KEYS, METRICS, SCORES, load_metric, metric_of
from unknot.metrics.result import VOID, MetricResult, Null, Score
from unknot.metrics.settings import DEFAULT_NULLS, NO_NULLS, NullSettings
from unknot.metrics.significance import informative_pairs
from unknot.metrics.table import Table

ONE_DIRECTION = "rotation null void: one direction only, so there is nothing to rotate"
NOT_ABOVE_ROTATIONS = "no better than random rotations of the same codes"
NOT_ABOVE_LABELS = "no better than permuted labels"
CONVINCING = 0.05  # p-value that a score has to reach
ENOUGH_DRAWS = 20  # fewer cannot tell it


def score(
    codes: Any,
    factors: Any,
    *,
    factor_names: Sequence[str] | None = None,
    factor_kinds: Sequence[str] | None = None,
    metrics: Sequence[str] | None = None,
    nulls: NullSettings = DEFAULT_NULLS,
    active_above: float = 0.0,
    seed: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
) -> dict[str, Score]:
    """Score how codes relate to factors, by every metric.

    Args:
        codes: real numbers, shape `(num, dim)`.
        factors: real numbers, shape `(num, num_factors)`; NaN where not known.
        factor_names: one per factor.
        factor_kinds: `"discrete"`, `"binary"` or `"continuous"` for each; guessed by default.
        metrics: names in `METRICS`; all by default.
        nulls: how many draws stand behind the nulls and intervals.
        active_above: latents whose standard deviation is not above this are left out.
        seed: of all random choices; the same seed gives the same scores.
        workers: processes; they change the time only.
        progress: called as `progress(what, done, total)` after each draw.

    Returns:
        Score by key, in the order of `KEYS`.

    Raises:
        UserError: if codes or factors cannot be scored; the message says what to do.
    """
    table = make_table(
        codes,
        factors,
        factor_names=factor_names,
        factor_kinds=factor_kinds,
        active_above=active_above,
        seed=seed,
    )
    return score_table(table, metrics=metrics, nulls=nulls, workers=workers, progress=progress)


def score_table(
    table: Table,
    *,
    metrics: Sequence[str] | None = None,
    nulls: NullSettings = DEFAULT_NULLS,
    null_metrics: Sequence[str] | None = None,
    workers: int = 1,
    progress: Progress | None = None,
) -> dict[str, Score]:
    """Score a table that is already checked; the rest is as in `score`.

    Args:
        table: from `make_table`.
        metrics: names in `METRICS`; all by default.
        nulls: how many draws stand behind the nulls and intervals.
        null_metrics: those of the metrics that get nulls and intervals; all by default.
        workers: processes.
        progress: called as `progress(what, done, total)` after each draw.

    Raises:
        UserError: if there is no such metric, or no process to work.
    """
    if workers < 1:
        raise UserError(f"workers is {workers}; it must be at least 1")
    names = list(METRICS) if metrics is None else list(metrics)
    for name in names:
        check_choice("metric", name, METRICS)
    from sklearn import config_context  # half a second, which only scores need

    with threadpool_limits(1), config_context(skip_parameter_validation=True):
        results = {key: r for name in names for key, r in load_metric(name)(table).items()}
        void = _is_void(table, names)
    with_nulls = [name for name in names if null_metrics is None or name in null_metrics]
    drawn = _draw(table, with_nulls, nulls, workers, progress)
    flags = (*table.flags, *drawn.flags)
    return {
        key: _score(key, results[key], len(table), flags, drawn, void)
        for key in KEYS
        if key in results
    }


def single_metric(name: str, key: str | None = None) -> Callable[..., Score]:
    """Make a function of codes and factors that computes one metric.

    Args:
        name: in `METRICS`.
        key: which of its scores, where it has several.
    """
    wanted = key or name

    def function(
        codes: Any, factors: Any, *, nulls: NullSettings = NO_NULLS, **options: Any
    ) -> Score:
        return score(codes, factors, metrics=[name], nulls=nulls, **options)[wanted]

    function.__name__ = function.__qualname__ = wanted
    function.__doc__ = f"{inspect.getdoc(load_metric(name))}\n\n{_single_doc(wanted)}"
    return function


def _single_doc(key: str) -> str:
    return inspect.cleandoc(f"""
        Args:
            codes: shape `(num, dim)`.
            factors: shape `(num, num_factors)`.
            nulls: how many draws stand behind nulls and interval; none unless they are given.
            **options: the others of `score`.

        Returns:
            The score `{key}`.
        """)


@dataclass(frozen=True)
class _Drawn:
    """Every draw with its values, and what a reader should know of them."""

    draws: Sequence[Draw]
    values: Sequence[dict[str, float]]
    num_points: int
    flags: tuple[str, ...]
    one_direction: bool

    def values_of(self, kind: Kind, key: str) -> list[float]:
        """List the values of a score in the draws of a kind."""
        pairs = zip(self.draws, self.values)
        return [values[key] for (k, _), values in pairs if k == kind and key in values]

    def null(self, kind: Kind, key: str) -> Null | None:
        """Hold a score against the draws of a kind."""
        observed = self.values_of("observed", key)
        if not observed:
            return None
        return compare_with(observed[0], self.values_of(kind, key), self.num_points)


def _draw(
    table: Table,
    names: Sequence[str],
    nulls: NullSettings,
    workers: int,
    progress: Progress | None,
) -> _Drawn:
    """Score every draw behind the nulls and intervals of a table."""
    num_points = min(nulls.max_points, len(table))
    draws = plan_draws(table, nulls)
    one_direction = bool(nulls.rotations and table.num_active) and not can_rotate(table)
    common, rare = without_rare(table, subsample_size(len(table), num_points))
    flags = (f"too rare for nulls and intervals: {rare}",) if draws and rare else ()
    if not common.factors:
        draws = []
    return _Drawn(
        draws=draws,
        values=draw_all(common, draws, names, num_points, workers, progress),
        num_points=num_points,
        flags=flags,
        one_direction=one_direction,
    )


def _is_void(table: Table, names: Sequence[str]) -> bool:
    """Whether no latent tells more of any factor than permuted labels do."""
    labeled = any(METRICS[name].needs_labels for name in names)
    return labeled and bool(table.num_active) and not informative_pairs(table).any()


def _score(
    key: str,
    result: MetricResult,
    num: int,
    table_flags: tuple[str, ...],
    drawn: _Drawn,
    void: bool,
) -> Score:
    """Put one score together."""
    metric = metric_of(key)
    is_void = VOID in result.flags
    permuted = None if is_void else drawn.null("permutation", key)
    rotated = None if is_void else drawn.null("rotation", key)
    subsampled = drawn.values_of("subsample", key) if metric.has_interval and not is_void else []
    size = subsample_size(num, drawn.num_points)
    flags = [*table_flags, *result.flags]
    flags += [VOID] if void and metric.needs_labels else []
    flags += [ONE_DIRECTION] if drawn.one_direction else []
    flags += _null_flags(key, permuted, rotated) if metric.needs_labels else []
    return Score(
        name=key,
        value=result.value,
        per_factor=result.per_factor,
        per_latent=result.per_latent,
        range=metric.bounds,
        chance=result.chance,
        num=num,
        null_permutation=permuted,
        null_rotation=rotated,
        interval=interval(result.value, subsampled, num, size, metric.bounds),
        flags=tuple(dict.fromkeys(flags)),
    )


def _null_flags(key: str, permuted: Null | None, rotated: Null | None) -> list[str]:
    """Say of which nulls a score does not stand out."""
    flags = []
    if not SCORES[key].tests_labels and _is_nothing_special(permuted):
        flags.append(NOT_ABOVE_LABELS)
    if _is_nothing_special(rotated):
        flags.append(NOT_ABOVE_ROTATIONS)
    return flags


def _is_nothing_special(null: Null | None) -> bool:
    """Whether enough draws say that a score is nothing special."""
    return null is not None and null.num >= ENOUGH_DRAWS and null.p_value > CONVINCING
