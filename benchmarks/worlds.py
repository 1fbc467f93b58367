"""Experiments whose answer is known: codes of models that never were trained."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unknot.evidence.label_effects import UsableLabels, read_labels
from unknot.evidence.rate_matching import RunPosteriors

FloatArray = NDArray[np.float64]

CAUSES = 6
NUM_LABELS = 10
BETAS = (1.0, 4.0, 16.0)
NUM_TRAINING = 2_000
SPREAD = 3.0 / np.arange(1, CAUSES + 1) ** 0.5  # of the images along each cause
OTHER_DIMS = 10
VARIANCE = 0.1  # of a posterior at the lowest beta
LATENTS_LEFT = (6, 4, 3)
NOISIER = (0.1, 0.25, 0.45)


class World(NamedTuple):
    """Everything that a verdict is made of.

    Attributes:
        runs: every model's posteriors.
        labels: of the images.
        pca: refits of PCA, as `decide_verdict` takes them.
    """

    runs: list[RunPosteriors]
    labels: UsableLabels
    pca: Callable[[int, int], FloatArray]


def make_world(scenario: str, *, seed: int, seeds: int = 5, num: int = 500) -> World:
    """Make one experiment.

    Images have six independent causes and ten labels, each a threshold on one cause and noise. What
    the models of each beta make of the causes is the scenario.

    Args:
        scenario: one of `SCENARIOS`.
        seed: of everything.
        seeds: models of each beta.
        num: images.
    """
    rng = np.random.default_rng([seed, *scenario.encode()])
    causes = rng.standard_normal((num, CAUSES))
    training = rng.standard_normal((NUM_TRAINING, CAUSES))
    others = rng.standard_normal((NUM_TRAINING, OTHER_DIMS)), rng.standard_normal((num, OTHER_DIMS))
    images = np.hstack([causes * SPREAD, others[1] / 2])
    seen = np.hstack([training * SPREAD, others[0] / 2])
    refits = []
    for _ in range(seeds * len(BETAS)):
        again = seen[rng.integers(0, NUM_TRAINING, NUM_TRAINING)]
        axes = np.linalg.eigh(np.cov(again.T))[1][:, ::-1]
        refits.append((images - again.mean(0)) @ axes)

    def pca(i: int, dims: int) -> FloatArray:
        return refits[i][:, :dims]

    make = SCENARIOS[scenario]
    runs = []
    for level, beta in enumerate(BETAS):
        for run_seed in range(seeds):
            aligned = refits[len(runs)][:, :CAUSES] / refits[len(runs)][:, :CAUSES].std(0)
            mean, variance = make(level, causes, aligned, rng)
            logvar = np.log(np.broadcast_to(variance, mean.shape))
            runs.append(RunPosteriors(beta=beta, seed=run_seed, mean=mean, logvar=logvar))
    return World(runs, _labels(causes, rng), pca)


def _labels(causes: FloatArray, rng: np.random.Generator) -> UsableLabels:
    columns = []
    for k in range(NUM_LABELS):
        signal = 0.8 * causes[:, k % CAUSES] + 0.6 * rng.standard_normal(len(causes))
        columns.append(signal > np.quantile(signal, rng.uniform(0.5, 0.9)))
    names = [f"label {k + 1}" for k in range(NUM_LABELS)]
    return read_labels(np.stack(columns, axis=1).astype(np.float64), names)


def _turn(dim: int, rng: np.random.Generator, aligned: float = 0.0) -> FloatArray:
    """A rotation between one that is drawn (0) and a permutation of the axes with signs (1)."""
    axes = np.eye(dim)[rng.permutation(dim)] * rng.choice([-1, 1], dim)
    free = np.linalg.qr(rng.standard_normal((dim, dim)))[0]
    return np.asarray(np.linalg.qr((1 - aligned) * free + aligned * axes)[0])


def _codes(causes: FloatArray, variance: float) -> tuple[FloatArray, float]:
    """Posteriors that fill the prior."""
    return causes * np.sqrt(1 - variance), variance


def _pad(codes: FloatArray, variance: float) -> tuple[FloatArray, FloatArray]:
    """Put collapsed latents behind the active ones."""
    num_collapsed = CAUSES - codes.shape[1]
    mean, _ = _codes(codes, variance)
    whole = np.hstack([mean, np.zeros((len(codes), num_collapsed))])
    return whole, np.array([variance] * codes.shape[1] + [1.0] * num_collapsed)


def _noisy(codes: FloatArray, level: int, rng: np.random.Generator) -> tuple[FloatArray, float]:
    """Codes with noise in their means and as much again in their posteriors."""
    share = NOISIER[level] - VARIANCE
    mixed = np.sqrt(1 - share) * codes + np.sqrt(share) * rng.standard_normal(codes.shape)
    return _codes(mixed, NOISIER[level])


SCENARIOS: dict[str, Callable[..., tuple[FloatArray, FloatArray | float]]] = {
    "nothing changes": lambda level, causes, aligned, rng: _codes(
        causes @ _turn(CAUSES, rng), VARIANCE
    ),
    "rotated to aligned": lambda level, causes, aligned, rng: _codes(
        causes @ _turn(CAUSES, rng, aligned=level / 2), NOISIER[level]
    ),
    "fewer latents": lambda level, causes, aligned, rng: _pad(
        causes[:, : LATENTS_LEFT[level]] @ _turn(LATENTS_LEFT[level], rng), VARIANCE
    ),
    "more noise": lambda level, causes, aligned, rng: _noisy(
        causes @ _turn(CAUSES, rng), level, rng
    ),
    "PCA": lambda level, causes, aligned, rng: _codes(aligned, VARIANCE),
    "PCA, fewer dimensions": lambda level, causes, aligned, rng: _pad(
        aligned[:, : LATENTS_LEFT[level]], VARIANCE
    ),
    "PCA, more noise": lambda level, causes, aligned, rng: _noisy(aligned, level, rng),
}
"""What the models of each beta make of the causes; only the second should be found supported."""
