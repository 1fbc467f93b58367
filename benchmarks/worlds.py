"""Experiments whose answer is known: codes of models that never were trained."""

from collections.abc import Callable
from functools import partial
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unknot.evidence.label_effects import UsableLabels, read_labels
from unknot.evidence.rate_matching import RunPosteriors

FloatArray = NDArray[np.float64]
Codes = tuple[FloatArray, FloatArray | float]
"""Posterior means, and variances that fit their shape."""

CAUSES = 6
NUM_LABELS = 10
BETAS = (1.0, 4.0, 16.0)
NUM_TRAINING = 2_000
SPREAD = 3.0 / np.arange(1, CAUSES + 1) ** 0.5  # of the images along each cause
OTHER_DIMS = 10
VARIANCE = 0.1  # of a posterior at the lowest beta
LATENTS_LEFT = (6, 4, 3)
NOISIER = (0.1, 0.25, 0.45)
NONE, PARTLY, FULLY = 0.0, 0.6, 1.0  # alignment of axes: z of about 0, 2 and 8 (400 runs each)
AS_ON_FACES = (0.0, 0.565, 0.685)  # z of about 0, .9, 4.9, as at beta 1, 35, 350 on built-in faces
HALF_OF_FACES = (0.0, 0.55, 0.61)  # half of these
WEAK = (0.0, 0.0, 0.57)  # at the highest beta above 84% of rotations at the median
BETWEEN_WORLDS = 0.06  # standard deviation of the alignment where it varies: z by about 1.5
RESEMBLANCE = 0.5  # of the axes of one seed's runs


class World(NamedTuple):
    """Everything that an answer is made of.

    Attributes:
        runs: every model's posteriors.
        labels: of the images.
        causes: of the images, shape `(num, CAUSES)`.
        pca: codes of refits of PCA: number of the refit and number of dimensions -> codes.
    """

    runs: list[RunPosteriors]
    labels: UsableLabels
    causes: FloatArray
    pca: Callable[[int, int], FloatArray]


class Origin(NamedTuple):
    """What the codes of a run can be made of.

    Attributes:
        level: number of its beta among all.
        causes: of the images, shape `(num, CAUSES)`.
        pca: standardized codes of a refit of PCA, the same shape.
        rng: of the run.
        of_seed: draws the same for all runs of its seed.
        of_beta: draws the same for all runs of its beta.
        of_world: draws the same for all runs.
    """

    level: int
    causes: FloatArray
    pca: FloatArray
    rng: np.random.Generator
    of_seed: np.random.Generator
    of_beta: np.random.Generator
    of_world: np.random.Generator


def make_world(scenario: str, *, seed: int, seeds: int = 5, num: int = 500) -> World:
    """Make one experiment.

    Images have six independent causes and ten labels, each a threshold on one cause and noise. What
    the models of each beta make of the causes is the scenario.

    Args:
        scenario: one of `SCENARIOS` or `MORE_SCENARIOS`.
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

    make = (SCENARIOS | MORE_SCENARIOS)[scenario]
    runs = []
    for level, beta in enumerate(BETAS):
        for run_seed in range(seeds):
            aligned = refits[len(runs)][:, :CAUSES] / refits[len(runs)][:, :CAUSES].std(0)
            origin = Origin(
                level=level,
                causes=causes,
                pca=aligned,
                rng=rng,
                of_seed=np.random.default_rng([seed, run_seed, *b"of seed"]),
                of_beta=np.random.default_rng([seed, level, *b"of beta"]),
                of_world=np.random.default_rng([seed, *b"of world"]),
            )
            mean, variance = make(origin)
            logvar = np.log(np.broadcast_to(variance, mean.shape))
            runs.append(RunPosteriors(beta=beta, seed=run_seed, mean=mean, logvar=logvar))
    return World(runs=runs, labels=_labels(causes, rng), causes=causes, pca=pca)


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


def _pad(codes: FloatArray, variance: float) -> Codes:
    """Put collapsed latents behind the active ones."""
    num_collapsed = CAUSES - codes.shape[1]
    mean, _ = _codes(codes, variance)
    whole = np.hstack([mean, np.zeros((len(codes), num_collapsed))])
    return whole, np.array([variance] * codes.shape[1] + [1.0] * num_collapsed)


def _noisy(codes: FloatArray, level: int, rng: np.random.Generator) -> Codes:
    """Codes with noise in their means and as much again in their posteriors."""
    share = NOISIER[level] - VARIANCE
    mixed = np.sqrt(1 - share) * codes + np.sqrt(share) * rng.standard_normal(codes.shape)
    return _codes(mixed, NOISIER[level])


def _nothing(run: Origin) -> Codes:
    return _codes(run.causes @ _turn(CAUSES, run.rng), VARIANCE)


def _rotated_to_aligned(run: Origin) -> Codes:
    turn = _turn(CAUSES, run.rng, aligned=run.level / 2)
    return _codes(run.causes @ turn, NOISIER[run.level])


def _fewer_latents(run: Origin, aligned: float = NONE) -> Codes:
    num = LATENTS_LEFT[run.level]
    return _pad(run.causes[:, :num] @ _turn(num, run.rng, aligned), VARIANCE)


def _more_noise(run: Origin) -> Codes:
    return _noisy(run.causes @ _turn(CAUSES, run.rng), run.level, run.rng)


def _pca(run: Origin) -> Codes:
    return _codes(run.pca, VARIANCE)


def _pca_fewer(run: Origin) -> Codes:
    return _pad(run.pca[:, : LATENTS_LEFT[run.level]], VARIANCE)


def _pca_more_noise(run: Origin) -> Codes:
    return _noisy(run.pca, run.level, run.rng)


def _aligned(
    run: Origin,
    alignment: tuple[float, float, float],
    variances: tuple[float, ...] = NOISIER,
) -> Codes:
    """Codes whose axes are aligned with the causes by so much at each beta."""
    turn = _turn(CAUSES, run.rng, aligned=alignment[run.level])
    return _codes(run.causes @ turn, variances[run.level])


def _varying(run: Origin, alignment: tuple[float, float, float]) -> Codes:
    """The same, where some experiments have more of an effect and some less."""
    more = BETWEEN_WORLDS * run.of_world.standard_normal()
    shares = [float(np.clip(share + more, 0, 1)) if share else NONE for share in alignment]
    return _aligned(run, (shares[0], shares[1], shares[2]))


def _resembling(
    run: Origin,
    alignment: tuple[float, float, float],
    variances: tuple[float, ...] = NOISIER,
) -> Codes:
    """The same, where the axes that are not aligned resemble each other within a seed."""
    free = np.linalg.qr(run.of_seed.standard_normal((CAUSES, CAUSES)))[0]
    free = RESEMBLANCE * free + (1 - RESEMBLANCE) * _turn(CAUSES, run.rng)
    axes = np.eye(CAUSES)[run.of_seed.permutation(CAUSES)]
    share = alignment[run.level]
    turn = np.linalg.qr((1 - share) * np.linalg.qr(free)[0] + share * axes)[0]
    return _codes(run.causes @ turn, variances[run.level])


def _arbitrary(run: Origin) -> Codes:
    """Axes that all seeds of a beta share, but which mean nothing."""
    return _codes(run.causes @ _turn(CAUSES, run.of_beta), VARIANCE)


def _noise_alone(run: Origin, levels: tuple[int, ...], aligned: float) -> Codes:
    """Axes aligned alike at every beta, under noise of different sizes."""
    turned = run.causes @ _turn(CAUSES, run.rng, aligned)
    return _noisy(turned, levels[run.level], run.rng)


Make = Callable[[Origin], Codes]
SAME_VARIANCE = (VARIANCE,) * len(BETAS)
UP, DOWN = (0, 1, 2), (2, 1, 0)

SCENARIOS: dict[str, Make] = {
    "nothing changes": _nothing,
    "rotated to aligned": _rotated_to_aligned,
    "fewer latents": _fewer_latents,
    "more noise": _more_noise,
    "PCA": _pca,
    "PCA, fewer dimensions": _pca_fewer,
    "PCA, more noise": _pca_more_noise,
}
"""What the models of each beta make of the causes; only the second should be found supported."""

MORE_NULLS: dict[str, Make] = {
    "nothing, partly aligned": partial(_aligned, alignment=(PARTLY,) * 3, variances=SAME_VARIANCE),
    "nothing, seeds resemble": partial(_resembling, alignment=(NONE,) * 3, variances=SAME_VARIANCE),
    "arbitrary axes shared by seeds": _arbitrary,
    "less noise": partial(_noise_alone, levels=DOWN, aligned=NONE),
    "more noise, partly aligned": partial(_noise_alone, levels=UP, aligned=PARTLY),
    "less noise, partly aligned": partial(_noise_alone, levels=DOWN, aligned=PARTLY),
    "fewer latents, partly aligned": partial(_fewer_latents, aligned=PARTLY),
}
"""More in which beta separates nothing."""

EFFECTS: dict[str, Make] = {
    "as on the faces": partial(_aligned, alignment=AS_ON_FACES),
    "half of the faces": partial(_aligned, alignment=HALF_OF_FACES),
    "best in the middle": partial(_aligned, alignment=(NONE, AS_ON_FACES[2], NONE)),
    "weak": partial(_aligned, alignment=WEAK),
    "partly to fully aligned": partial(_aligned, alignment=(PARTLY, PARTLY, FULLY)),
    "as on the faces, varying": partial(_varying, alignment=AS_ON_FACES),
    "only the highest, varying": partial(_varying, alignment=(NONE, NONE, AS_ON_FACES[2])),
    "weak, varying": partial(_varying, alignment=WEAK),
    "as on the faces, seeds resemble": partial(_resembling, alignment=AS_ON_FACES),
}
"""In which beta separates latents; the weak one asks too little of its axes to be supported."""

MORE_SCENARIOS = MORE_NULLS | EFFECTS
