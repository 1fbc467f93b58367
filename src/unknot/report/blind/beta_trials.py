"""The second blind test: of two models' latents that go together, which changes fewer things?"""

import numpy as np

from unknot.common.errors import UserError
from unknot.evidence.interaction_test import Decode
from unknot.report.blind.codes import LEAST_TRIALS, MOST_TRIALS, TYPICAL_TRIALS, BlindCodes
from unknot.report.blind.strips import equal_strips, latent_lines
from unknot.report.blind.trials import LEAST_CHANGE, Trial
from unknot.report.latent_pairs import pair_latents

LEAST_CORRELATION = 0.3
"""Absolute rank correlation below which two latents are no pair."""


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
    pairs = pair_latents(first, second, least=LEAST_CORRELATION)[:MOST_TRIALS]
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
