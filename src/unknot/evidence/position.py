"""Where the selectivity of codes lies among that of random rotations of the same codes."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from unknot.measure.association import effects, selectivity
from unknot.measure.nulls import compare_with, random_rotation, whiten
from unknot.measure.table import Factor

FloatArray = NDArray[np.float64]

LEAST_LATENTS = 2  # a single latent has no axes to turn


@dataclass(frozen=True)
class Position:
    """Selectivity of codes, and where it lies among that of their rotations.

    Attributes:
        selectivity: mean over the labels of the best latent's effect less the second's.
        percentile: share of random rotations of the whitened codes with less, in percent; NaN for
            fewer than two latents.
        rotated: mean selectivity of the rotations.
        num_latents: of the codes.
    """

    selectivity: float
    percentile: float
    rotated: float
    num_latents: int


def position(
    codes: FloatArray, factors: Sequence[Factor], rotations: int, rng: np.random.Generator
) -> Position:
    """Selectivity of codes and its place among that of random rotations.

    Args:
        codes: shape `(num, num_latents)`.
        factors: the labels.
        rotations: how many.
        rng: draws them.
    """
    binary = np.array([factor.num_levels == 2 for factor in factors])
    num = codes.shape[1]
    if not num:
        return Position(0.0, float("nan"), float("nan"), 0)
    own = float(selectivity(effects(codes, factors), binary).mean())
    white = whiten(codes)
    dim = white.shape[1]
    if dim < LEAST_LATENTS:
        return Position(own, float("nan"), float("nan"), num)
    turns = np.hstack([random_rotation(dim, rng) for _ in range(rotations)])
    tables = effects(white @ turns, factors).reshape(rotations, dim, len(factors))
    drawn = selectivity(tables, binary).mean(1)
    null = compare_with(own, drawn, len(codes))
    return Position(own, null.percentile if null else float("nan"), float(drawn.mean()), num)
