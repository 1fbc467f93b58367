"""Codes, labels and pictures whose axes are known: those of the causes, or rotations of them."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unknot.evidence.agreement_test import agreement_test
from unknot.evidence.axis_test import axis_test
from unknot.evidence.computed_labels import computed_labels
from unknot.evidence.interaction_test import interaction_test
from unknot.evidence.rotation_test import RotationTest
from unknot.metrics.nulls import random_rotation

FloatArray = NDArray[np.float64]

CAUSES = 4
SPREAD = np.array([1.4, 1.1, 0.9, 0.7])  # of the codes: unequal, so that whitening has work to do
NOISE = 0.3
NUM_LABELS = 8
SIDE = 10
HIDDEN, PIXELS = 12, 64
MIXING = 0.5  # of the decoder's part in which all latents act together


class World(NamedTuple):
    """Causes of some images, and codes that hold them.

    Attributes:
        causes: shape `(num, 4)`.
        codes: along the axes of the causes, correlated a little, or a rotation of that, the same
            shape.
        turn: the rotation, shape `(4, 4)`.
        aligned: from 0 to 1, how close it is to none.
    """

    causes: FloatArray
    codes: FloatArray
    turn: FloatArray
    aligned: float


def make_world(rng: np.random.Generator, *, aligned: float, num: int = 200) -> World:
    """Draw causes, and codes that hold them.

    Args:
        rng: draws them.
        aligned: from 0, where the axes of the codes are a Haar rotation of those of the causes,
            to 1, where they are the same.
        num: images.
    """
    causes = rng.standard_normal((num, CAUSES))
    turn = draw_turn(aligned, rng)
    return World(causes=causes, codes=make_codes(causes, rng) @ turn, turn=turn, aligned=aligned)


def draw_turn(aligned: float, rng: np.random.Generator) -> FloatArray:
    """Draw a rotation between a Haar one (0) and none (1)."""
    mixed = (1 - aligned) * random_rotation(CAUSES, rng) + aligned * np.eye(CAUSES)
    if not aligned:
        return mixed
    left, _, right = np.linalg.svd(mixed)
    return np.asarray(left @ right)


def make_codes(causes: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Make the codes of one seed: the causes with noise, the second with some of the first."""
    codes = SPREAD * (causes + NOISE * rng.standard_normal(causes.shape))
    codes[:, 1] += 0.3 * codes[:, 0]
    return codes


def draw_labels(causes: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Draw labels of two values, each a threshold on one cause and noise; a tenth not known."""
    signal = 0.8 * causes[:, np.arange(NUM_LABELS) % CAUSES]
    signal = signal + 0.6 * rng.standard_normal(signal.shape)
    labels = (signal > np.quantile(signal, rng.uniform(0.5, 0.9), axis=0)).astype(np.float64)
    labels[rng.random(labels.shape) < 0.1] = np.nan
    return labels


def draw_pictures(causes: FloatArray, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Draw color pictures: causes are brightness, light from the left and above, and warmth."""
    ramp = np.linspace(-1, 1, SIDE)
    brightness, from_left, from_above, warmth = causes.T[:, :, None, None]
    grey = 128 + 14 * brightness - 14 * from_left * ramp - 14 * from_above * ramp[:, None]
    color = 8 * warmth[:, None] * np.array([1.0, 0.0, -1.0])[:, None, None]
    noise = 12 * rng.standard_normal((len(causes), 1, SIDE, SIDE))
    return np.clip(grey[:, None] + color + noise, 0, 255).round().astype(np.uint8)


def make_decoder(turn: FloatArray, rng: np.random.Generator) -> Callable[[FloatArray], FloatArray]:
    """Make a nonlinear decoder in which each cause does something by itself, and all together.

    Args:
        turn: codes are those of the causes times this rotation.
        rng: draws its weights.
    """
    alone = rng.standard_normal((CAUSES, HIDDEN)), rng.standard_normal((CAUSES, HIDDEN, PIXELS))
    together = rng.standard_normal((CAUSES, HIDDEN)) / 2, rng.standard_normal((HIDDEN, PIXELS))

    def decode(codes: FloatArray) -> FloatArray:
        causes = codes @ turn.T
        parts = np.tanh(causes[:, :, None] * alone[0]).reshape(len(codes), -1)
        return parts @ alone[1].reshape(-1, PIXELS) + MIXING * (
            np.tanh(causes @ together[0]) @ together[1]
        )

    return decode


def by_labels(world: World, rng: np.random.Generator, rotations: int) -> RotationTest:
    labels = draw_labels(world.causes, rng)
    return axis_test(world.codes, labels, rotations=rotations, seed=_seed(rng))


def by_properties(world: World, rng: np.random.Generator, rotations: int) -> RotationTest:
    labels = computed_labels(draw_pictures(world.causes, rng)).values
    return axis_test(world.codes, labels, rotations=rotations, seed=_seed(rng))


def by_interaction(world: World, rng: np.random.Generator, rotations: int) -> RotationTest:
    decode = make_decoder(world.turn, rng)
    return interaction_test(decode, world.codes, rotations=rotations, seed=_seed(rng))


def by_agreement(world: World, rng: np.random.Generator, rotations: int) -> RotationTest:
    """Compare three seeds, each turned by itself where the world is."""
    seeds = [world.codes]
    for _ in range(2):
        seeds.append(make_codes(world.causes, rng) @ draw_turn(world.aligned, rng))
    return agreement_test(seeds, rotations=rotations, seed=_seed(rng))


def _seed(rng: np.random.Generator) -> int:
    return int(rng.integers(2**31))


Case = Callable[[World, np.random.Generator, int], RotationTest]
CASES: dict[str, Case] = {
    "labels": by_labels,
    "properties": by_properties,
    "interaction": by_interaction,
    "agreement": by_agreement,
}
"""A test of each kind: world, generator, rotations -> its result."""


def p_values(
    kind: str, *, aligned: float, seeds: Sequence[int], rotations: int, num: int = 200
) -> FloatArray:
    """Make a test in a new world for each seed, shape `(len(seeds),)`."""
    results = []
    for seed in seeds:
        rng = np.random.default_rng([seed, *kind.encode()])
        world = make_world(rng, aligned=aligned, num=num)
        results.append(CASES[kind](world, rng, rotations).p_value)
    return np.array(results)


def spread_p_values(values: FloatArray, rotations: int, rng: np.random.Generator) -> FloatArray:
    """Spread p-values in steps of `1 / (1 + rotations)` over them: uniform if the test is exact."""
    return values - rng.random(len(values)) / (1 + rotations)
