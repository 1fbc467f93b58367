"""What several commands share. Nothing here imports torch before it is needed."""

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import tyro

from unknot.config import DataConfig, ExperimentConfig, beta_text

if TYPE_CHECKING:
    from unknot.data.image_set import ImageSet


@dataclass(frozen=True)
class Common:
    """Options of every command."""

    json: tyro.conf.FlagCreatePairsOff[bool] = False
    """Print one JSON document and nothing else."""
    quiet: tyro.conf.FlagCreatePairsOff[bool] = False
    """Show no progress."""


def load(data: DataConfig, common: Common) -> "ImageSet":
    """Prepare or open images, with progress for a person."""
    from unknot.data.sources import load_images
    from unknot.progress import named_progress

    with named_progress(common.quiet or common.json, "{} images".format) as progress:
        return load_images(
            data.source,
            size=data.size,
            crop=data.crop,
            color=data.color,
            group=data.group,
            progress=progress,
        )


def same_preparation(run: Any, source: str) -> DataConfig:
    """Other data, prepared as the run's was."""
    from unknot.data.sources import SOURCES

    data = replace(run.config.data, source=source, group="none")
    if source in SOURCES:
        return replace(data, color="auto", crop="auto")
    return replace(data, color="grey" if run.image_shape[0] == 1 else "rgb")


def print_scales(config: ExperimentConfig, image_shape: tuple[int, int, int]) -> None:
    """Say what each beta is on the scales that others use."""
    from math import prod

    from unknot.describe import scales_text
    from unknot.objectives import beta_scales

    sigma = config.model.sigma if config.model.likelihood == "gaussian" else None
    for beta in config.betas:
        scales = beta_scales(
            beta, sigma=sigma, latent_dim=config.model.latent_dim, num_pixels=prod(image_shape)
        )
        print(f"  beta {beta_text(beta):>5}: {scales_text(scales._asdict())}")
