"""What the same measure gives where there is nothing to find: permuted labels, rotated codes.

A draw of a null is measured on a subsample and with less effort (`Table.draft`), and so is the
observed value that it is held against.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np
from joblib import Parallel, delayed
from numpy.typing import NDArray
from sklearn import config_context
from threadpoolctl import threadpool_limits

from unknot.measure.measures import MEASURES, NO_LABELS
from unknot.measure.table import MIN_KNOWN, Table

FloatArray = NDArray[np.float64]
Progress = Callable[[str, int, int], None]
Draw = tuple[Literal["observed", "permutation", "rotation", "resample"], int]

SINGULAR = 1e-9  # share of the largest variance below which a direction is none
NORMAL_95 = 1.96
ENOUGH = 10  # points of a subsample that should not have a factor's commonest value


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


def random_rotation(dim: int, rng: np.random.Generator) -> FloatArray:
    """An orthogonal matrix, every one as likely as any other (Haar), shape `(dim, dim)`.

    It is the Q of a normal matrix with the signs of R's diagonal put back (Mezzadri 2007).
    """
    q, r = np.linalg.qr(rng.standard_normal((dim, dim)))
    return np.asarray(q * np.sign(np.diag(r)))


def whiten(codes: FloatArray) -> FloatArray:
    """Codes with mean 0 and the identity for covariance; directions without variance are dropped.

    Args:
        codes: shape `(num, dim)`.

    Returns:
        Shape `(num, rank)`.
    """
    centred = codes - codes.mean(0)
    variances, axes = np.linalg.eigh(centred.T @ centred / len(codes))
    kept = variances > SINGULAR * variances.max(initial=0)
    return np.asarray(centred @ axes[:, kept] / np.sqrt(variances[kept]))


def draw_all(
    table: Table,
    draws: Sequence[Draw],
    names: Sequence[str],
    points: int,
    workers: int,
    progress: Progress | None = None,
) -> list[dict[str, float]]:
    """Measure every draw, in as many processes as are allowed; the result does not depend on them.

    Args:
        table: codes and factors.
        draws: what to measure; `("observed", 0)`, `("rotation", 3)`, ...
        names: of the measures.
        points: of the subsample.
        workers: processes.
        progress: called as `progress("measuring", done, total)` after each.

    Returns:
        For each draw, the value of each score; nothing where no code or no factor varies.
    """
    jobs = (delayed(_draw)(table, kind, index, names, points) for kind, index in draws)
    workers = min(workers, max(1, len(draws)))
    found = []
    for one in Parallel(n_jobs=workers, return_as="generator")(jobs):
        found.append(one)
        if progress:
            progress("measuring", len(found), len(draws))
    return found


def _draw(
    table: Table, kind: str, index: int, names: Sequence[str], points: int
) -> dict[str, float]:
    rng = np.random.default_rng([table.seed, index, *kind.encode()])
    drafted = replace(table, draft=kind, seed=int(rng.integers(2**31)), kept={})
    if kind == "resample":
        sample = drafted.take(rng.permutation(len(table))[: resample_size(len(table), points)])
    else:
        sample = drafted.take(table.rng("subsample").permutation(len(table))[:points])
    if kind == "permutation":
        sample = sample.shuffled(rng)
    if not (sample.factors and sample.num_active):
        return {}
    if kind == "rotation":
        white = whiten(sample.codes)
        sample = sample.with_codes(white @ random_rotation(white.shape[1], rng))
    needed = [n for n in names if not (kind == "permutation" and n in NO_LABELS)]
    with threadpool_limits(1), config_context(skip_parameter_validation=True):
        found = [MEASURES[name](sample) for name in needed]
    return {key: measured.value for part in found for key, measured in part.items()}


def without_rare(table: Table, points: int) -> tuple[Table, str]:
    """The table without factors that a subsample of so many points could lose.

    Returns:
        The table, and the names of the factors that were left out.
    """
    share = points / len(table)
    kept = [
        factor
        for factor in table.factors
        if share * (factor.known.sum() - np.bincount(factor.levels[factor.known]).max()) >= ENOUGH
        and share * factor.known.sum() >= 2 * MIN_KNOWN
    ]
    rare = ", ".join(factor.name for factor in table.factors if factor not in kept)
    return (replace(table, factors=tuple(kept), kept={}), rare) if rare else (table, "")


def resample_size(num: int, points: int) -> int:
    """Points of a resample: at most half of all."""
    return min(points, num // 2)


def compare_with(observed: float, draws: Sequence[float], num_points: int) -> Null | None:
    """Hold a value against draws of a null; None where one of them is not defined."""
    values = np.array(draws)
    if not len(values) or not np.isfinite([observed, *values]).all():
        return None
    below = np.mean(values < observed - 1e-9) + np.mean(np.abs(values - observed) <= 1e-9) / 2
    p_value = (1 + int((values >= observed - 1e-9).sum())) / (1 + len(values))
    mean, std = float(values.mean()), float(values.std())
    return Null(mean, std, float(100 * below), p_value, observed, len(values), num_points)


def interval(
    value: float, draws: Sequence[float], num: int, num_points: int, limits: tuple[float, float]
) -> tuple[float, float] | None:
    """A 95% interval from resamples without repetition (Politis and Romano 1994).

    The deviation of a score over subsamples of m of n points is scaled by `sqrt(m / (n - m))` to
    that of n points. Resamples with repetition would count copies as neighbours and let the test
    points of a predictor into its training.

    Args:
        value: of all points.
        draws: of the subsamples.
        num: all points.
        num_points: of a subsample.
        limits: the range of the score.
    """
    values = np.array(draws)
    if len(values) < 2 or not np.isfinite([value, *values]).all():
        return None
    reach = NORMAL_95 * float(values.std(ddof=1)) * (num_points / (num - num_points)) ** 0.5
    return max(value - reach, limits[0]), min(value + reach, limits[1])


def as_json(null: Null | None) -> dict[str, Any] | None:
    """The null for a JSON document."""
    return None if null is None else dict(vars(null))
