"""The first blind test: a latent, or a random direction among the latents?"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.evidence.interaction_test import Decode
from unknot.evidence.rotation_test import (
    LEAST_DIRECTIONS,
    covariance_root,
    num_directions,
    whiten_symmetrically,
)
from unknot.metrics.nulls import random_rotation
from unknot.report.blind.codes import LEAST_TRIALS, MOST_TRIALS, TYPICAL_TRIALS, BlindCodes
from unknot.report.blind.strips import Lines, equal_strips, latent_lines
from unknot.report.blind.trials import LEAST_CHANGE, Trial

FloatArray = NDArray[np.float64]

LEAST_PER_LATENT, MOST_PER_LATENT = 2, 4


class _Plan(NamedTuple):
    """Which latent is moved from which image, and the direction that stands beside it."""

    latents: list[int]
    rows: NDArray[np.int64]
    directions: FloatArray


def latent_trials(
    decode: Decode, codes: BlindCodes, kl: Sequence[float], rng: np.random.Generator
) -> list[Trial]:
    """Make the trials of one run, two to four of each active latent.

    Each shows a test image twice: with a latent moved from -2 to 2 standard deviations around
    the mean of its codes, and moved as far in a random direction (Haar) among the symmetrically
    whitened active latents; the strip that changes the picture more is then shortened.

    Args:
        decode: from codes to pixels 0..255, not rounded.
        codes: of the test images.
        kl: rate of each latent; where there are more than ten, those of the largest are asked.
        rng: draws images and directions.

    Raises:
        UserError: says why it cannot be asked.
    """
    problem = _too_few(codes)
    if problem:
        raise UserError(problem)
    plan = _make_plan(codes, kl, rng)
    ones = np.ones(len(plan.rows))
    strips = equal_strips(
        latent_lines(decode, codes.mean, plan.rows, plan.latents, ones),
        _random_lines(decode, codes, plan),
    )
    trials = [
        Trial(
            image=int(codes.images[row]),
            latent=latent,
            partner=None,
            first=first,
            second=second,
            change=float(change),
        )
        for row, latent, first, second, change in zip(plan.rows, plan.latents, *strips)
        if change >= LEAST_CHANGE
    ]
    if len(trials) < LEAST_TRIALS:
        raise UserError("moving its latents changes too little to be seen")
    return trials


def _too_few(codes: BlindCodes) -> str:
    num = len(codes.active)
    if num < LEAST_DIRECTIONS:
        latents = "no active latent" if not num else "one active latent alone"
        return f"it has {latents}, and a random mix takes two"
    if num_directions(codes.mean[:, codes.active]) < LEAST_DIRECTIONS:
        return "its active latents all say the same, and a random mix takes two"
    return ""


def _make_plan(codes: BlindCodes, kl: Sequence[float], rng: np.random.Generator) -> _Plan:
    """Ask every latent once, then every latent again, each time from another image."""
    by_rate = sorted(codes.active.tolist(), key=lambda latent: -kl[latent])
    asked = by_rate[: MOST_TRIALS // LEAST_PER_LATENT]
    each = -(-TYPICAL_TRIALS // len(asked))
    rounds = min(MOST_PER_LATENT, max(LEAST_PER_LATENT, each))
    latents = (asked * rounds)[: len(codes.spare)]
    rows = rng.permutation(codes.spare)[: len(latents)]
    turns = [random_rotation(len(codes.active), rng)[:, 0] for _ in latents]
    return _Plan(latents=latents, rows=rows, directions=np.array(turns))


def _random_lines(decode: Decode, codes: BlindCodes, plan: _Plan) -> Lines:
    """Lines in random directions of the whitened codes, around their mean likewise."""
    active = codes.mean[:, codes.active]
    places = (whiten_symmetrically(active)[plan.rows] * plan.directions).sum(1, keepdims=True)
    moves = np.zeros((len(plan.rows), codes.mean.shape[1]))
    moves[:, codes.active] = plan.directions @ covariance_root(active)
    return Lines(decode=decode, centers=codes.mean[plan.rows] - places * moves, moves=moves)
