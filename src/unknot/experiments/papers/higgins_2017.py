"""Higgins' metric of codes with and without training (Higgins et al. 2017)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import nan

import numpy as np
from numpy.typing import NDArray
from sklearn.decomposition import FastICA

from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.data.pca import cached_spectrum
from unknot.experiments.experiment import Experiment
from unknot.experiments.papers.results import Cell, Table, mean_with_range
from unknot.metrics.scoring import score
from unknot.metrics.settings import NullSettings
from unknot.runs.inference import encode_images
from unknot.training.untrained import build_untrained

FloatArray = NDArray[np.floating]

METRIC = "beta_vae_score"
NULLS = NullSettings(permutations=20, rotations=20, subsamples=0, max_points=1_000)
COARSE = 16  # pixels of a side of what stands for raw pixels
VAE = "VAE (beta 1)"
CAPTION = (
    "Higgins' metric: the share of sets of 64 pairs of which a linear classifier names the factor "
    "that the pairs share. Then the same with fewer images, {num_points:,}, and fewer sets, to be "
    "held against the two columns behind it, which have as many: what the same codes score once "
    "the labels are permuted (chance), and once the codes are mixed by random rotations (the same "
    "information without axes). The range over the seeds in brackets."
)


def measure(experiments: Mapping[str, Experiment], images: ImageSet) -> list[Table]:
    """Score true factors, pixels, PCA, ICA, untrained and trained codes of the test images.

    Args:
        experiments: one, whose runs have betas.
        images: sprites, with all their factors.

    Returns:
        One table, a kind of codes a row.
    """
    (experiment,) = experiments.values()
    factors = images.labels.factors[images.indices("test")]
    rows = {name: _row(codes, factors) for name, codes in _codes(experiment, images).items()}
    columns = ("codes", "score", "fewer images", "labels permuted", "codes rotated")
    caption = CAPTION.format(num_points=min(NULLS.max_points, len(factors)))
    return [Table(caption=caption, columns=columns, rows=rows)]


def pca_codes(images: ImageSet, rows: NDArray[np.int64], num: int) -> FloatArray:
    """Project images on the leading principal components of the training images.

    Args:
        images: prepared.
        rows: which of them.
        num: how many components.

    Returns:
        Shape `(len(rows), num)`.
    """
    directions = cached_spectrum(images, num, standardize="unit").directions[:, :num]
    return np.asarray(images.images[rows].reshape(len(rows), -1) / np.float32(255) @ directions)


def ica_codes(images: ImageSet, rows: NDArray[np.int64], num: int) -> FloatArray:
    """Turn the codes of PCA into independent components, fitted on the training images.

    FastICA (Hyvärinen 1999) whitens with PCA and then rotates; so its components are a rotation of
    the whitened codes of PCA.

    Args:
        images: prepared.
        rows: which of them.
        num: how many components.

    Returns:
        Shape `(len(rows), num)`.
    """
    ica = FastICA(whiten="unit-variance", max_iter=1_000, tol=1e-3, random_state=0)
    ica.fit(pca_codes(images, images.indices("train"), num).astype(np.float64))
    return np.asarray(ica.transform(pca_codes(images, rows, num).astype(np.float64)))


def coarse_pixels(images: ImageSet, rows: NDArray[np.int64]) -> FloatArray:
    """Average pixels in blocks, down to 16 by 16.

    Args:
        images: of a multiple of 16 pixels squared.
        rows: which of them.

    Returns:
        Shape `(len(rows), channels * 256)`.
    """
    channels, size, _ = images.image_shape
    block = size // COARSE
    blocks = images.images[rows].reshape(len(rows), channels, COARSE, block, COARSE, block)
    return np.asarray(blocks.mean((3, 5), dtype=np.float32).reshape(len(rows), -1))


def _codes(experiment: Experiment, images: ImageSet) -> dict[str, list[FloatArray]]:
    """Gather the codes of the test images by their kind, of each seed where there are several."""
    rows, num = images.indices("test"), experiment.config.model.latent_dim
    of_betas: dict[str, list[FloatArray]] = {}
    for run in experiment.runs():
        beta = run.config.beta
        name = VAE if beta == 1 else f"beta-VAE (beta {beta:g})"
        of_betas.setdefault(name, []).append(run.encode(images.images[rows]))
    return {
        "true factors": [images.labels.factors[rows]],
        "raw pixels": [coarse_pixels(images, rows)],
        "PCA": [pca_codes(images, rows, num)],
        "ICA": [ica_codes(images, rows, num)],
        "untrained network": [_untrained(config, images, rows) for config in _one_beta(experiment)],
        **of_betas,
    }


def _one_beta(experiment: Experiment) -> list[RunConfig]:
    """Describe one run of each seed; before training those of all betas are alike."""
    return replace(experiment.config, betas=experiment.config.betas[:1]).runs()


def _untrained(config: RunConfig, images: ImageSet, rows: NDArray[np.int64]) -> FloatArray:
    model = build_untrained(config, images)
    return encode_images(model, images.images, rows).mean.numpy()


def _row(all_codes: Sequence[FloatArray], factors: FloatArray) -> tuple[Cell, ...]:
    """Score codes of one kind, and put the seeds together."""
    scores = [score(codes, factors, metrics=[METRIC], nulls=NULLS)[METRIC] for codes in all_codes]
    permuted = [s.null_permutation for s in scores]
    rotated = [s.null_rotation for s in scores]
    return (
        mean_with_range(s.value for s in scores),
        mean_with_range(null.observed if null else nan for null in permuted),
        mean_with_range(null.mean if null else nan for null in permuted),
        mean_with_range(null.mean if null else nan for null in rotated),
    )
