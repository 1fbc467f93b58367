"""Which factors codes know as the capacity rises (Burgess et al. 2018)."""

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import KNeighborsRegressor

from unknot.data.image_set import ImageSet
from unknot.experiments.experiment import Experiment
from unknot.experiments.papers.results import Cell, Table, mean_with_range
from unknot.metrics.posterior import active_units
from unknot.runs.run import Run

FloatArray = NDArray[np.floating]

NUM_NEIGHBORS = 20
LEAST = 0.05  # R2 of a run that knows anything of a factor
NUM_REFERENCE = 10_000  # training images among which neighbors are looked for, at most
CAPTION = (
    "How much of a factor's variance the 20 nearest codes of other images tell (R2: 1 where the "
    "codes know the factor, 0 where they know nothing of it), on test images. Codes are drawn from "
    "the posteriors, so that they hold no more than the rate says. C is the capacity in nats at "
    "the end; the range over the seeds in brackets."
)
ORDER_CAPTION = (
    "The order in which factors are known: by the mean of their R2 over all C and seeds, the best "
    "known first."
)


def measure(experiments: Mapping[str, Experiment], images: ImageSet) -> list[Table]:
    """Measure what the codes of each capacity know of the factors of sprites.

    Args:
        experiments: one, whose betas are capacities.
        images: sprites, with all their factors.

    Returns:
        What is known at each capacity, and the order of the factors.
    """
    (experiment,) = experiments.values()
    targets = factor_targets(images)
    runs = {
        beta: [experiment.run(beta, seed) for seed in experiment.config.seeds]
        for beta in experiment.config.betas
    }
    known = {beta: [_known(run, images, targets) for run in runs[beta]] for beta in runs}
    rows: dict[str, tuple[Cell, ...]] = {
        name: tuple(mean_with_range(run[name] for run in known[beta]) for beta in runs)
        for name in targets
    }
    rows["rate in nats"] = tuple(
        mean_with_range(run.evaluation.test.rate for run in runs[beta]) for beta in runs
    )
    return [
        Table(CAPTION, ("factor", *(f"C = {beta:g}" for beta in runs)), rows),
        Table(ORDER_CAPTION, ("", "here"), {"order": (best_known_first(known),)}),
    ]


def best_known_first(known: Mapping[float, Sequence[Mapping[str, float]]]) -> str:
    """Name the factors in the order of their mean R2, and those that no capacity knows.

    Args:
        known: R2 by factor, of each run, by capacity.
    """
    runs = [run for capacity in known.values() for run in capacity]
    names = sorted(runs[0], key=lambda name: -sum(run[name] for run in runs))
    is_known = {name: max(run[name] for run in runs) >= LEAST for name in names}
    order = ", then ".join(name for name in names if is_known[name]) or "none"
    unknown = " and ".join(name for name in names if not is_known[name])
    return f"{order}; not known by then: {unknown}" if unknown else order


def factor_targets(images: ImageSet) -> dict[str, FloatArray]:
    """Write each factor of sprites as numbers whose distances are those of the pictures.

    Positions are their coordinates, a shape is one of three corners, an orientation a point on the
    circle.

    Returns:
        By name, shape `(num_images, num)`.
    """
    levels = dict(zip(images.labels.factor_names, images.labels.factors.T))
    angle = levels["orientation"] * (2 * np.pi / (levels["orientation"].max() + 1))
    return {
        "position": np.stack([levels["position_x"], levels["position_y"]], 1),
        "scale": levels["scale"][:, None],
        "shape": np.eye(int(levels["shape"].max()) + 1)[levels["shape"].astype(np.int64)],
        "orientation": np.stack([np.cos(angle), np.sin(angle)], 1),
    }


def explained_by_neighbors(
    reference: FloatArray, known: FloatArray, codes: FloatArray, truth: FloatArray
) -> float:
    """Predict a factor by the mean of the nearest codes, and give the share of variance explained.

    Args:
        reference: codes of images whose factor is known, shape `(num, dim)`.
        known: the factor as numbers, shape `(num, num_values)`.
        codes: of other images, shape `(num_others, dim)`.
        truth: their factor, shape `(num_others, num_values)`.

    Returns:
        R2 over all values together, from 0 to 1.
    """
    guesses = KNeighborsRegressor(NUM_NEIGHBORS).fit(reference, known).predict(codes)
    error, total = ((truth - guesses) ** 2).sum(), ((truth - truth.mean(0)) ** 2).sum()
    return max(0.0, float(1 - error / total))


def sampled_codes(run: Run, images: NDArray[np.uint8], *, seed: int) -> FloatArray:
    """Draw a code of each image from its posterior, of the latents in use alone.

    A posterior mean without its noise can tell more than the rate: that of a latent which is never
    used still differs from image to image, if by next to nothing.

    Args:
        run: trained.
        images: shape `(num, channel, height, width)`.
        seed: of the draws.

    Returns:
        Shape `(num, num_active)`.
    """
    posterior = run.posterior(images)
    mean, std = posterior.mean.numpy(), (posterior.logvar / 2).exp().numpy()
    active = active_units(mean)
    noise = np.random.default_rng(seed).standard_normal(mean.shape)
    return np.asarray(mean + std * noise)[:, active]


def _known(run: Run, images: ImageSet, targets: Mapping[str, FloatArray]) -> dict[str, float]:
    """Measure what a run's codes know of each factor."""
    training, test = images.indices("train")[:NUM_REFERENCE], images.indices("test")
    rows = np.concatenate([training, test])
    codes = sampled_codes(run, images.images[rows], seed=0)
    if not codes.shape[1]:
        return dict.fromkeys(targets, 0.0)
    reference, others = codes[: len(training)], codes[len(training) :]
    return {
        name: explained_by_neighbors(reference, values[training], others, values[test])
        for name, values in targets.items()
    }
