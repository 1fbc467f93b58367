"""Where the selectivity of codes stands among that of random rotations of the same codes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from unknot.common.parallel import map_on_cores
from unknot.evidence.label_effects import effects, selectivity
from unknot.evidence.rate_matching import RunPosteriors
from unknot.evidence.rotation_test import num_directions, whiten_symmetrically
from unknot.metrics.nulls import compare_with, random_rotation, random_rotations
from unknot.metrics.table import Factor, make_factor

FloatArray = NDArray[np.float64]
NAN = float("nan")

LEAST_LATENTS = 2  # a single latent has no axes to rotate


@dataclass(frozen=True)
class AxisScore:
    """How far the selectivity of a run's axes stands above that of other axes of the same codes.

    Attributes:
        selectivity: of the codes as they are: mean over the labels of the best latent's effect less
            the second's.
        z: of the whitened codes' selectivity: its distance from the mean of their rotations, in
            standard deviations of the rotations. 0 for axes like any others; it has no upper end,
            as the percentile has. NaN where there are no axes to rotate.
        percentile: share of the rotations with less than the whitened codes, in percent, or NaN.
        null_mean: mean selectivity of the rotations, or NaN.
        null_std: standard deviation of it, or NaN.
        num_latents: of the codes.
    """

    selectivity: float
    z: float
    percentile: float
    null_mean: float
    null_std: float
    num_latents: int


def axis_score(
    codes: FloatArray, factors: Sequence[Factor], rotations: int, rng: np.random.Generator
) -> AxisScore:
    """Measure how far the axes of codes stand above random rotations of them.

    Codes are whitened symmetrically, and rotations are those of the whitened codes. So the codes
    are one of their own rotations, and under axes that mean nothing (drawn by Haar's measure) every
    percentile is as likely as any other.

    Args:
        codes: shape `(num, num_latents)`.
        factors: the labels, one or more.
        rotations: how many, two or more.
        rng: draws them.
    """
    binary = np.array([factor.num_levels == 2 for factor in factors])
    num = codes.shape[1]
    plain = float(selectivity(effects(codes, factors), binary).mean()) if num else 0.0
    if num < LEAST_LATENTS or num_directions(codes) < num:
        return AxisScore(
            selectivity=plain,
            z=NAN,
            percentile=NAN,
            null_mean=NAN,
            null_std=NAN,
            num_latents=num,
        )
    turns = np.hstack([np.eye(num), *random_rotations(rotations, num, rng)])
    white = whiten_symmetrically(codes)
    tables = effects(white @ turns, factors).reshape(rotations + 1, num, len(factors))
    observed, *drawn = selectivity(tables, binary).mean(1).tolist()
    null = compare_with(observed, drawn, len(codes))
    return AxisScore(
        selectivity=plain,
        z=(observed - null.mean) / null.std if null and null.std else NAN,
        percentile=null.percentile if null else NAN,
        null_mean=null.mean if null else NAN,
        null_std=null.std if null else NAN,
        num_latents=num,
    )


def rotated_selectivities(
    white: FloatArray, factors: Sequence[Factor], rotations: int, rng: np.random.Generator
) -> FloatArray:
    """Measure the mean selectivity of random rotations of whitened codes.

    Args:
        white: shape `(num, dim)`.
        factors: the labels.
        rotations: how many; all of them are held in memory at once.
        rng: draws them.

    Returns:
        Shape `(rotations,)`.
    """
    dim = white.shape[1]
    turns = np.hstack([random_rotation(dim, rng) for _ in range(rotations)])
    tables = effects(white @ turns, factors).reshape(rotations, dim, len(factors))
    return mean_selectivity(tables, factors)


def mean_selectivity(effect: FloatArray, factors: Sequence[Factor]) -> FloatArray:
    """Average the selectivity over the labels.

    Args:
        effect: as from `effects`, shape `(..., num_latents, num_labels)`.
        factors: the labels.

    Returns:
        Shape `(...)`.
    """
    binary = np.array([factor.num_levels == 2 for factor in factors])
    return np.asarray(selectivity(effect, binary).mean(-1))


def axis_scores(
    list_of_codes: Sequence[FloatArray],
    factors: Sequence[Factor],
    *,
    rotations: int,
    condition: str = "",
    seed: int = 0,
    workers: int = 1,
) -> list[AxisScore]:
    """Measure how far the axes of every run's codes stand above rotations of them.

    Args:
        list_of_codes: of the same images, shape `(num, num_latents)` each.
        factors: labels of these images.
        rotations: how many of each.
        condition: what was done to the codes; other conditions get other rotations.
        seed: of the rotations.
        workers: processes.
    """

    def score(i: int) -> AxisScore:
        rng = np.random.default_rng([seed, i, *condition.encode()])
        return axis_score(list_of_codes[i], factors, rotations, rng)

    with threadpool_limits(1):
        runs = range(len(list_of_codes))
        return list(map_on_cores(score, runs, workers=workers, processes=True))


def spaced_rows(num: int, max_rows: int) -> NDArray[np.int64]:
    """Take at most so many of all rows, evenly spaced."""
    return np.linspace(0, num - 1, min(num, max_rows)).round().astype(np.int64)


def thin_out(
    runs: Sequence[RunPosteriors], factors: Sequence[Factor], rows: NDArray[np.int64]
) -> tuple[list[RunPosteriors], list[Factor]]:
    """Keep some images only, and no label that has one value there.

    Args:
        runs: posteriors of the same images.
        factors: the labels.
        rows: of the images.
    """
    thinned = [run._replace(mean=run.mean[rows], logvar=run.logvar[rows]) for run in runs]
    fewer = [make_factor(factor.name, factor.kind, factor.values[rows]) for factor in factors]
    return thinned, [factor for factor in fewer if factor.num_levels > 1]
