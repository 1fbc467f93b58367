"""The second blind test: of two models' latents that go together, which changes fewer things?"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata

from unknot.common.errors import UserError
from unknot.evidence.interaction_test import Decode
from unknot.report.blind.codes import LEAST_TRIALS, MOST_TRIALS, TYPICAL_TRIALS, BlindCodes
from unknot.report.blind.strips import equal_strips, latent_lines
from unknot.report.blind.trials import LEAST_CHANGE, Trial

FloatArray = NDArray[np.float64]

LEAST_CORRELATION = 0.3
"""Absolute rank correlation below which two latents are no pair."""


class LatentPair(NamedTuple):
    """A latent and the one of another model that goes with it.

    Attributes:
        latent: of the first model.
        partner: of the second one.
        correlation: of the ranks of their codes of the same images, -1 to 1.
    """

    latent: int
    partner: int
    correlation: float


def paired_latents(first: BlindCodes, second: BlindCodes) -> list[LatentPair]:
    """Pair the active latents of two models one to one (Kuhn 1955), the strongest pair first.

    Args:
        first: codes of test images.
        second: codes of the same images by another model.
    """
    if not (len(first.active) and len(second.active)):
        return []
    table = _standard_ranks(first).T @ _standard_ranks(second)
    rows, columns = linear_sum_assignment(-np.abs(table))
    pairs = [
        LatentPair(int(first.active[i]), int(second.active[j]), float(table[i, j]))
        for i, j in zip(rows, columns)
        if abs(table[i, j]) >= LEAST_CORRELATION
    ]
    return sorted(pairs, key=lambda pair: -abs(pair.correlation))


def beta_trials(
    decoders: tuple[Decode, Decode],
    first: BlindCodes,
    second: BlindCodes,
    rng: np.random.Generator,
) -> list[Trial]:
    """Make the trials of two runs, as many of each pair of latents.

    Each shows a test image twice, with the latent of one model moved and with its partner, the same
    way round and with the same mean change of the picture.

    Args:
        decoders: of both models, from codes to pixels 0..255, not rounded.
        first: codes of the test images by the first model.
        second: by the second one.
        rng: draws the images.

    Raises:
        UserError: says why it cannot be asked.
    """
    pairs = paired_latents(first, second)[:MOST_TRIALS]
    if not pairs:
        raise UserError("no latent of one goes with a latent of the other")
    asked = (pairs * -(-TYPICAL_TRIALS // len(pairs)))[: min(MOST_TRIALS, len(first.spare))]
    rows = rng.permutation(first.spare)[: len(asked)]
    signs = np.array([np.sign(pair.correlation) for pair in asked])
    strips = equal_strips(
        latent_lines(decoders[0], first.mean, rows, [pair.latent for pair in asked], np.abs(signs)),
        latent_lines(decoders[1], second.mean, rows, [pair.partner for pair in asked], signs),
    )
    trials = [
        Trial(
            image=int(first.images[row]),
            latent=pair.latent,
            partner=pair.partner,
            first=ends,
            second=other_ends,
            change=float(change),
        )
        for row, pair, ends, other_ends, change in zip(rows, asked, *strips)
        if change >= LEAST_CHANGE
    ]
    if len(trials) < LEAST_TRIALS:
        raise UserError(
            f"{len(trials)} pairs of strips can be made whose pictures change visibly, and a test "
            f"needs {LEAST_TRIALS}"
        )
    return trials


def _standard_ranks(codes: BlindCodes) -> FloatArray:
    """Ranks of the active latents' codes with mean 0 and norm 1, shape `(num, num_active)`."""
    ranks = rankdata(codes.mean[:, codes.active], axis=0)
    centered = ranks - ranks.mean(0)
    return np.asarray(centered / np.linalg.norm(centered, axis=0))
