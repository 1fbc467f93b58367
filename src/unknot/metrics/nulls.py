"""Null distributions and intervals of a score: permuted labels, random rotations, subsamples.

A draw is scored on a random subset of the points and with less effort (`Table.quick`), and so is
the observed value that it is held against.
"""

from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import ThreadpoolController

from unknot.common.parallel import map_on_cores
from unknot.common.progress import Progress
from unknot.metrics.registry import METRICS, load_metric
from unknot.metrics.result import Null
from unknot.metrics.settings import NullSettings
from unknot.metrics.table import MIN_KNOWN, Factor, Table

FloatArray = NDArray[np.float64]
Kind = Literal["observed", "permutation", "rotation", "subsample"]
Draw = tuple[Kind, int]

SEED_TEXT: dict[str, str] = {"subsample": "resample"}  # the name in version 0.1.0 seeds the draws
SINGULAR = 1e-9  # share of the largest variance below which a direction is none
NORMAL_95 = 1.96
ENOUGH = 10  # points of a subsample that should not have a factor's commonest value
SAME = 1e-9  # scores this close are equal


def random_rotation(dim: int, rng: np.random.Generator) -> FloatArray:
    """Draw an orthogonal matrix, every one as likely as any other (Haar), shape `(dim, dim)`.

    It is the Q of a normal matrix with the signs of R's diagonal put back (Mezzadri 2007).
    """
    return np.asarray(random_rotations(1, dim, rng)[0])


def random_rotations(num: int, dim: int, rng: np.random.Generator) -> FloatArray:
    """Draw what as many calls of `random_rotation` would give, shape `(num, dim, dim)`."""
    q, r = np.linalg.qr(rng.standard_normal((num, dim, dim)))
    return np.asarray(q * np.sign(np.diagonal(r, axis1=1, axis2=2))[:, None])


def whiten(codes: FloatArray) -> FloatArray:
    """Turn and scale codes so that their mean is 0 and their covariance the identity.

    Directions without variance are dropped.

    Args:
        codes: shape `(num, dim)`.

    Returns:
        Shape `(num, rank)`.
    """
    centered = codes - codes.mean(0)
    variances, axes = np.linalg.eigh(centered.T @ centered / len(codes))
    varying = variances > SINGULAR * variances.max(initial=0)
    return np.asarray(centered @ axes[:, varying] / np.sqrt(variances[varying]))


def plan_draws(table: Table, settings: NullSettings) -> list[Draw]:
    """List the draws behind the nulls and intervals of a table.

    Returns:
        `("observed", 0)` if there is a null, `("permutation", 0)`, ...; none for a table in which
        no latent varies, and no rotations where there is one direction only.
    """
    if not table.num_active:
        return []
    rotations = settings.rotations if settings.rotations and can_rotate(table) else 0
    draws: list[Draw] = [("observed", 0)] if settings.permutations or rotations else []
    draws += [("permutation", i) for i in range(settings.permutations)]
    draws += [("rotation", i) for i in range(rotations)]
    draws += [("subsample", i) for i in range(settings.subsamples)]
    return draws


def can_rotate(table: Table) -> bool:
    """Whether the codes have more than one direction in which they vary."""
    return whiten(table.codes).shape[1] > 1


def draw_all(
    table: Table,
    draws: Sequence[Draw],
    names: Sequence[str],
    num_points: int,
    workers: int,
    progress: Progress | None = None,
) -> list[dict[str, float]]:
    """Score every draw, in as many processes as are allowed; the result does not depend on them.

    Args:
        table: codes and factors.
        draws: what to score; `("observed", 0)`, `("rotation", 3)`, ...
        names: of the metrics.
        num_points: at most so many in each draw.
        workers: processes.
        progress: called as `progress("scoring", done, total)` before the first and after each.

    Returns:
        For each draw, the value of each score; nothing where no latent or no factor varies.
    """

    def score(draw: Draw) -> dict[str, float]:
        kind, index = draw
        return _score_draw(table, kind, index, names, num_points)

    values = []
    if progress:
        progress("scoring", 0, len(draws))
    with _threadpools().limit(limits=1):  # also where the calls are threads, which share the limit
        for draw_values in map_on_cores(score, draws, workers=workers, processes=True):
            values.append(draw_values)
            if progress:
                progress("scoring", len(values), len(draws))
    return values


def _score_draw(
    table: Table, kind: Kind, index: int, names: Sequence[str], num_points: int
) -> dict[str, float]:
    sample = _sample(table, kind, index, num_points)
    if sample is None:
        return {}
    from sklearn import config_context  # half a second, which only this needs

    needed = [name for name in names if kind != "permutation" or METRICS[name].needs_labels]
    with _threadpools().limit(limits=1), config_context(skip_parameter_validation=True):
        results = [load_metric(name)(sample) for name in needed]
    return {key: result.value for part in results for key, result in part.items()}


@cache
def _threadpools() -> ThreadpoolController:
    """Find this process's pools of threads, which takes a twentieth of a draw's time."""
    return ThreadpoolController()


def _sample(table: Table, kind: Kind, index: int, num_points: int) -> Table | None:
    """Make the table of one draw; None where no latent or no factor varies in it."""
    rng = np.random.default_rng([table.seed, index, *SEED_TEXT.get(kind, kind).encode()])
    quick = replace(table, quick=kind, seed=int(rng.integers(2**31)), cache={})
    if kind == "subsample":
        rows = rng.permutation(len(table))[: subsample_size(len(table), num_points)]
    else:
        rows = table.rng("subsample").permutation(len(table))[:num_points]
    sample = quick.take(rows)
    if kind == "permutation":
        sample = sample.shuffled(rng)
    if not (sample.factors and sample.num_active):
        return None
    if kind == "rotation":
        white = whiten(sample.codes)
        sample = sample.with_codes(white @ random_rotation(white.shape[1], rng))
    return sample


def without_rare(table: Table, num_points: int) -> tuple[Table, str]:
    """Leave out factors that a subsample of so many points could lose.

    Returns:
        The table, and the names of the factors that were left out.
    """
    share = num_points / len(table)
    common = tuple(factor for factor in table.factors if _is_common(factor, share))
    rare = ", ".join(factor.name for factor in table.factors if factor not in common)
    return (replace(table, factors=common, cache={}), rare) if rare else (table, "")


def _is_common(factor: Factor, share: float) -> bool:
    """Whether a share of the points surely has the factor known and with more than one value."""
    num_known = factor.known.sum()
    num_others = num_known - np.bincount(factor.levels[factor.known]).max()
    return bool(share * num_others >= ENOUGH and share * num_known >= 2 * MIN_KNOWN)


def subsample_size(num: int, max_points: int) -> int:
    """Count the points of a subsample: at most half of all."""
    return min(max_points, num // 2)


def compare_with(observed: float, draws: Sequence[float], num_points: int) -> Null | None:
    """Hold a value against draws of a null; None where a value among them is not defined.

    Args:
        observed: the score of the given codes on the same points, with the same effort.
        draws: of the null.
        num_points: points of each draw.
    """
    values = np.array(draws)
    if not len(values) or not np.isfinite([observed, *values]).all():
        return None
    below = np.mean(values < observed - SAME) + np.mean(np.abs(values - observed) <= SAME) / 2
    return Null(
        mean=float(values.mean()),
        std=float(values.std()),
        percentile=float(100 * below),
        p_value=(1 + int((values >= observed - SAME).sum())) / (1 + len(values)),
        observed=observed,
        num=len(values),
        num_points=num_points,
    )


def interval(
    value: float, draws: Sequence[float], num: int, num_points: int, limits: tuple[float, float]
) -> tuple[float, float] | None:
    """Estimate a 95% interval from subsamples without repetition (Politis and Romano 1994).

    The deviation of a score over subsamples of m of n points is scaled by `sqrt(m / (n - m))` to
    that of n points. Samples with repetition would count copies as neighbors and let the test
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
