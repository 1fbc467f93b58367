"""Pictures for the experiments of `worlds.py`: decoders that fit codes which no model learned."""

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from worlds import CAUSES

from unknot.evidence.interaction_test import interaction_test
from unknot.evidence.rotation_test import RotationTest, whiten_symmetrically
from unknot.metrics.nulls import random_rotations
from unknot.metrics.posterior import ACTIVE_VARIANCE

FloatArray = NDArray[np.float64]
Draw = Callable[[FloatArray], FloatArray]
"""Causes `(num, CAUSES)` -> pixels `(num, num_pixels)`."""

BENDS, HIDDEN, PIXELS = 12, 8, 32
MIXING = 0.25  # of the part in which all causes act together


def make_pictures(seed: int) -> Draw:
    """Draw how the pictures of a world come from its causes.

    Each cause does something by itself, and all of them do something together.

    Args:
        seed: of the world.
    """
    rng = np.random.default_rng([seed, *b"pictures"])
    slopes, shifts = rng.standard_normal((2, CAUSES, BENDS))
    alone = rng.standard_normal((CAUSES * BENDS, PIXELS))
    mixed = rng.standard_normal((CAUSES, HIDDEN)) / 2
    together = MIXING * rng.standard_normal((HIDDEN, PIXELS))

    def draw(causes: FloatArray) -> FloatArray:
        bent = np.tanh(causes[:, :, None] * slopes + shifts).reshape(len(causes), -1)
        return np.asarray(bent @ alone + np.tanh(causes @ mixed) @ together)

    return draw


def make_decoder(draw: Draw, mean: FloatArray, causes: FloatArray) -> Draw:
    """Make the decoder of a run: the pictures of the causes that its codes stand for.

    Args:
        draw: from causes to pictures.
        mean: posterior means of the run, shape `(num, latent_dim)`.
        causes: of the same images, shape `(num, CAUSES)`.
    """
    center = mean.mean(0)
    weights = np.linalg.lstsq(mean - center, causes, rcond=None)[0]
    return lambda codes: draw((codes - center) @ weights)


def ask_decoder(
    decode: Draw, mean: FloatArray, stages: Sequence[tuple[int, float]], seed: int
) -> RotationTest:
    """Test the interaction with few rotations, and with more where they promise something.

    Args:
        decode: of the run.
        mean: posterior means of the run.
        stages: rotations, and the p-value above which no more are drawn.
        seed: of the rotations.
    """
    for rotations, hopeless in stages:
        test = interaction_test(
            decode, mean, rotations=rotations, active_above=ACTIVE_VARIANCE, seed=seed
        )
        if test.void or test.p_value > hopeless:
            break
    return test


def agreement_p_values(
    codes: Sequence[FloatArray], num_seeds: Sequence[int], rotations: int, rng: np.random.Generator
) -> list[float]:
    """Compute p of the agreement of the first seeds, as `agreement_test` does, for several numbers.

    Args:
        codes: of every seed of a beta, each of shape `(num, num_latents)`.
        num_seeds: how many of them each p-value is of.
        rotations: draws of the null, the same for all.
        rng: draws them.
    """
    dim, white = codes[0].shape[1], [whiten_symmetrically(c) for c in codes]
    turns = [np.stack([np.eye(dim), *random_rotations(rotations, dim, rng)]) for _ in white]
    ranks = np.stack([_standard_ranks(c @ turn) for c, turn in zip(white, turns)])
    pairs = [
        (i, j, _matches(np.abs(ranks[i].swapaxes(1, 2) @ ranks[j])))
        for i in range(len(codes))
        for j in range(i)
    ]
    p_values = []
    for num in num_seeds:
        agreement = np.mean([scores for i, j, scores in pairs if i < num], axis=0)
        p_values.append(float((agreement >= agreement[0] - 1e-12).mean()))
    return p_values


def _standard_ranks(codes: FloatArray) -> FloatArray:
    """Ranks of each column of length one, so that products are rank correlations."""
    num = codes.shape[1]
    standard = (np.arange(num) - (num - 1) / 2) / np.sqrt(num * (num**2 - 1) / 12)
    ranks = np.empty_like(codes)
    np.put_along_axis(ranks, codes.argsort(1), standard[:, None], 1)
    return ranks


def _matches(similarity: FloatArray) -> FloatArray:
    """`unknot.metrics.agreement.match` of many similarities, shape `(num, dim, dim)`."""
    sides = [similarity.max(axis) ** 2 / similarity.sum(axis) for axis in (1, 2)]
    return np.concatenate(sides, axis=1).mean(1)
