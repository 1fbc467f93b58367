"""What tests of papers share: few sprites, and tiny runs on them."""

from dataclasses import replace
from pathlib import Path

import pytest

from unknot.config.execution import ExecutionConfig
from unknot.config.experiment import ExperimentConfig
from unknot.data.image_set import ImageSet
from unknot.data.load import load_images
from unknot.experiments.experiment import Experiment
from unknot.experiments.papers.paper import read_paper
from unknot.experiments.papers.reproduce import train_paper

INLINE = ExecutionConfig(engine="inline")


@pytest.fixture(scope="session")
def sprites(own_cache: Path) -> ImageSet:
    """600 sprites of 32 pixels."""
    return load_images("sprites", num=600, size=32)


def tiny(name: str) -> dict[str, ExperimentConfig]:
    """The experiment of a paper with one objective, with a linear network and ten steps."""
    ((objective, config),) = read_paper(name).experiments((0, 1), 10).items()
    model = replace(config.model, network="linear", latent_dim=3)
    training = replace(config.training, batch_size=8, learning_rate=None, optimizer=None)
    betas = config.betas[:2]
    return {objective: replace(config, betas=betas, model=model, training=training)}


@pytest.fixture(scope="session")
def vaes(sprites: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> dict[str, Experiment]:
    """Two betas and two seeds of beta-VAEs; tests leave them as they are."""
    out = tmp_path_factory.mktemp("papers") / "vaes"
    return train_paper(tiny("higgins-2017"), sprites, out, INLINE)
