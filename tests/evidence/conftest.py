"""What tests of evidence share: an experiment of two betas and two seeds, trained once."""

import shutil
from pathlib import Path

import pytest

from unknot.data.image_set import ImageSet
from unknot.data.load import load_images
from unknot.experiments.compare import compare
from unknot.experiments.experiment import Experiment

BETAS, SEEDS = (0.5, 8.0), (0, 1)


@pytest.fixture(scope="session")
def faces(own_cache: Path) -> ImageSet:
    """600 built-in faces of 32 pixels: enough test images for every label."""
    return load_images("faces", num=600, size=32)


@pytest.fixture(scope="session")
def four_runs(faces: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """Two betas with two seeds each, trained until latents are active; tests leave it as it is."""
    return compare(
        faces,
        BETAS,
        SEEDS,
        out=tmp_path_factory.mktemp("evidence") / "experiment",
        engine="inline",
        device="cpu",
        steps=45,
        batch_size=16,
        latent_dim=3,
        learning_rate=0.02,
    )


@pytest.fixture
def spoiled(four_runs: Experiment, tmp_path: Path) -> Experiment:
    """A copy of `four_runs` that a test may spoil."""
    shutil.copytree(four_runs.folder, tmp_path / "copy")
    return Experiment(tmp_path / "copy")
