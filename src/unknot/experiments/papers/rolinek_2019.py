"""Right angles between what latents do to the picture (Rolinek et al. 2019)."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.data.pca import cached_spectrum
from unknot.evidence.run_evidence import pixel_decoder
from unknot.evidence.traversal_effects import Decode, traversal_effects
from unknot.experiments.experiment import Experiment
from unknot.experiments.papers.results import Cell, Table, mean_with_range
from unknot.metrics.nulls import random_rotations
from unknot.metrics.posterior import active_units
from unknot.models.vae import VAE
from unknot.runs.run import Run
from unknot.training.untrained import build_untrained

FloatArray = NDArray[np.float64]

NUM_ROTATIONS = 20
NUM_CODES = 32  # images at whose codes the decoder is differentiated
NAMES = {0.0: "autoencoder (beta 0)", 1.0: "VAE (beta 1)"}
CAPTION = (
    "Mean absolute cosine between the changes of the picture that small steps along two latents "
    "make: 0 for right angles. Latents are scaled to the same spread over the test images. Beside "
    "it the same of directions that are random rotations of the latents; the range over the seeds "
    "in brackets."
)


class ScaledDecoder(NamedTuple):
    """A decoder of latents that are scaled to the same spread.

    Attributes:
        decode: from scaled latents to pixels.
        latents: scaled latents of some images, shape `(num, num_latents)`.
        pixel_std: what one unit of the model's scale is in levels, `(channel, height, width)`.
    """

    decode: Decode
    latents: FloatArray
    pixel_std: FloatArray


def measure(experiments: Mapping[str, Experiment], images: ImageSet) -> list[Table]:
    """Measure the angles of PCA, of untrained decoders and of those of each beta.

    Args:
        experiments: one, whose runs have betas.
        images: they were trained on.

    Returns:
        One table, a kind of decoder a row.
    """
    (experiment,) = experiments.values()
    config = experiment.config
    decoders = {
        "PCA": [pca_decoder(images, config.model.latent_dim)],
        "untrained network": [
            untrained_decoder(run, images) for run in replace(config, betas=(1.0,)).runs()
        ],
    }
    for beta in config.betas:
        name = NAMES.get(beta, f"beta-VAE (beta {beta:g})")
        decoders[name] = [
            trained_decoder(experiment.run(beta, seed), images) for seed in config.seeds
        ]
    rows = {name: _row(kind) for name, kind in decoders.items()}
    columns = ("decoder", "latents", "rotated at random", "latents in use")
    return [Table(caption=CAPTION, columns=columns, rows=rows)]


def pca_decoder(images: ImageSet, num: int) -> ScaledDecoder:
    """Give the decoder of the leading principal components: the mean and a step along each.

    Args:
        images: prepared.
        num: how many components.
    """
    spectrum = cached_spectrum(images, num, standardize="unit")
    steps = spectrum.directions[:, :num].astype(np.float64) * np.sqrt(spectrum.eigenvalues)
    rng = np.random.default_rng(0)

    def decode(latents: FloatArray) -> FloatArray:
        return np.asarray(255 * latents @ steps.T).reshape(-1, *images.image_shape)

    latents = rng.standard_normal((NUM_CODES, num))
    return ScaledDecoder(decode, latents, np.full(images.image_shape, 255.0))


def untrained_decoder(config: RunConfig, images: ImageSet) -> ScaledDecoder:
    """Give a run's decoder before its first step, at latents drawn from the prior."""
    model = build_untrained(config, images).eval()
    rng = np.random.default_rng(config.seed)
    latents = rng.standard_normal((NUM_CODES, config.model.latent_dim))
    return ScaledDecoder(pixel_decoder(model), latents, _pixel_std(model))


def trained_decoder(run: Run, images: ImageSet) -> ScaledDecoder:
    """Give a run's decoder of the latents in use, at the codes of test images."""
    codes = run.encode(images.images[images.indices("test")]).astype(np.float64)
    active, middle = np.flatnonzero(active_units(codes)), codes.mean(0)
    spread = codes.std(0)[active]
    inner = pixel_decoder(run.model)

    def decode(latents: FloatArray) -> NDArray[np.floating]:
        whole = np.tile(middle, (len(latents), 1))
        whole[:, active] = latents * spread
        return inner(whole)

    latents = codes[:NUM_CODES, active] / spread
    return ScaledDecoder(decode, latents, _pixel_std(run.model))


def cosine(decoder: ScaledDecoder, rotation: FloatArray | None = None) -> float:
    """Measure the mean absolute cosine between the changes that small steps make.

    Args:
        decoder: of two latents or more; else NaN.
        rotation: orthogonal; steps are taken along its columns in place of the latents.
    """
    num_latents = decoder.latents.shape[1]
    axes = np.eye(num_latents) if rotation is None else rotation
    latents = decoder.latents @ axes
    return traversal_effects(
        lambda rotated: decoder.decode(rotated @ axes.T),
        latents,
        np.zeros_like(latents),
        np.arange(num_latents),
        decoder.pixel_std,
    ).jacobian_cosine


def _row(decoders: Sequence[ScaledDecoder]) -> tuple[Cell, ...]:
    """Measure decoders of one kind beside random rotations of them."""
    rotated = []
    for decoder in decoders:
        num_latents = decoder.latents.shape[1]
        rotations = random_rotations(NUM_ROTATIONS, num_latents, np.random.default_rng(0))
        rotated.append(float(np.mean([cosine(decoder, turn) for turn in rotations])))
    return (
        mean_with_range(cosine(decoder) for decoder in decoders),
        mean_with_range(rotated),
        mean_with_range(decoder.latents.shape[1] for decoder in decoders),
    )


def _pixel_std(model: VAE) -> FloatArray:
    return np.asarray(255 * model.pixel_std.cpu().numpy(), np.float64)
