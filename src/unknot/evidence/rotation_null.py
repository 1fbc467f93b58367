"""Where the selectivity of codes stands among that of random rotations of the same codes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unknot.evidence.label_effects import UsableLabels, effects, selectivity
from unknot.evidence.preregistration import RULE, Rule
from unknot.evidence.rate_matching import RunPosteriors
from unknot.evidence.rotation_test import num_directions, whiten_symmetrically
from unknot.metrics.nulls import compare_with, random_rotation, random_rotations, whiten
from unknot.metrics.table import Factor, make_factor

FloatArray = NDArray[np.float64]
NAN = float("nan")

LEAST_LATENTS = 2  # a single latent has no axes to rotate


@dataclass(frozen=True)
class RotationNull:
    """Selectivity of codes, and its percentile among that of their rotations.

    Attributes:
        selectivity: mean over the labels of the best latent's effect less the second's.
        percentile: share of random rotations of the whitened codes with less, in percent; NaN for
            fewer than two latents.
        null_mean: mean selectivity of the rotations.
        num_latents: of the codes.
    """

    selectivity: float
    percentile: float
    null_mean: float
    num_latents: int


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


def rotation_null(
    codes: FloatArray, factors: Sequence[Factor], rotations: int, rng: np.random.Generator
) -> RotationNull:
    """Compare the selectivity of codes with that of random rotations.

    Args:
        codes: shape `(num, num_latents)`.
        factors: the labels.
        rotations: how many.
        rng: draws them.
    """
    num = codes.shape[1]
    if not num:
        return RotationNull(selectivity=0.0, percentile=NAN, null_mean=NAN, num_latents=0)
    observed = float(mean_selectivity(effects(codes, factors), factors))
    white = whiten(codes)
    dim = white.shape[1]
    if dim < LEAST_LATENTS:
        return RotationNull(selectivity=observed, percentile=NAN, null_mean=NAN, num_latents=num)
    drawn = rotated_selectivities(white, factors, rotations, rng)
    null = compare_with(observed, list(drawn), len(codes))
    return RotationNull(
        selectivity=observed,
        percentile=null.percentile if null else NAN,
        null_mean=float(drawn.mean()),
        num_latents=num,
    )


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


def rotation_nulls(
    runs: Sequence[RunPosteriors], labels: UsableLabels, *, rule: Rule = RULE, seed: int = 0
) -> list[RotationNull]:
    """Compare every run's codes, as they were trained, with their rotations.

    Args:
        runs: posteriors of the same images.
        labels: of these images, one or more.
        rule: says how many rotations and images.
        seed: of the rotations.
    """
    rows = spaced_rows(len(runs[0].mean), rule.points)
    thinned, factors = thin_out(runs, labels.factors, rows)
    nulls = []
    for i, run in enumerate(thinned):
        rng = np.random.default_rng([seed, i, *b"trained"])
        nulls.append(rotation_null(run.codes, factors, rule.rotations, rng))
    return nulls


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
