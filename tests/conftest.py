"""What several tests share: a cache of their own, and small built-in data."""

import os
import shutil
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, settings
from torch import nn

from unknot.common.files import write_arrays
from unknot.common.reading import read_arrays
from unknot.data.image_set import ImageSet
from unknot.data.load import load_images
from unknot.evidence.run_evidence import pixel_decoder
from unknot.experiments.compare import compare
from unknot.experiments.experiment import Experiment
from unknot.runs.run import Run
from unknot.runs.weights import save_weights

SHARED = Path(__file__).parents[2] / "shared" / "data"

settings.register_profile(
    "default",
    max_examples=30,
    deadline=None,
    derandomize=True,
    database=None,
    suppress_health_check=list(HealthCheck),
)
settings.register_profile(
    "fuzz", settings.get_profile("default"), max_examples=5_000, derandomize=False
)
settings.load_profile("fuzz" if os.environ.get("UNKNOT_FUZZ") == "1" else "default")
"""Of property tests: few examples, always the same; many of them in `make fuzz`."""


@pytest.fixture(scope="session", autouse=True)
def own_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Keep prepared images of tests out of the user's cache."""
    place = tmp_path_factory.mktemp("cache")
    os.environ["UNKNOT_CACHE"] = str(place)
    return place


@pytest.fixture(scope="session")
def small_faces(own_cache: Path) -> ImageSet:
    """200 built-in faces of 32 pixels."""
    return load_images("faces", num=200, size=32)


@pytest.fixture(scope="session")
def bare_faces(small_faces: ImageSet) -> ImageSet:
    """The same pictures without labels: nothing is measured of their codes."""
    return load_images(small_faces.images)


@pytest.fixture(scope="session")
def trained(small_faces: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """Two betas on the small faces, trained for 12 steps; tests leave it as it is."""
    out = tmp_path_factory.mktemp("trained") / "experiment"
    return compare(
        small_faces, [0.5, 2], out=out, engine="inline", steps=12, batch_size=8, latent_dim=3
    )


@pytest.fixture(scope="session")
def grid(small_faces: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """Two objectives at two strengths each, trained for 12 steps; tests leave it as it is."""
    return compare(
        small_faces,
        [0.5, 2],
        objectives=["beta_vae", "dip_vae_i"],
        strengths={"dip_vae_i": [1, 10]},
        out=tmp_path_factory.mktemp("grid") / "experiment",
        engine="inline",
        steps=12,
        batch_size=8,
        latent_dim=3,
    )


@pytest.fixture
def copied(trained: Experiment, tmp_path: Path) -> Experiment:
    """A copy of `trained` that a test may spoil."""
    shutil.copytree(trained.folder, tmp_path / "experiment")
    return Experiment(tmp_path / "experiment")


@pytest.fixture(scope="session")
def seen(trained: Experiment, tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    """The trained experiment with all latents active, and each to be seen in the picture."""
    folder = tmp_path_factory.mktemp("seen") / "experiment"
    shutil.copytree(trained.folder, folder)
    experiment = Experiment(folder)
    for run in experiment.runs():
        _strengthen(run)
    return Experiment(folder)


@pytest.fixture(scope="session")
def celeba() -> Path:
    """A subset of CelebA that is not part of the project."""
    return _real_data("celeba-30k")


@pytest.fixture(scope="session")
def cmu_faces() -> Path:
    """The CMU face images as an npz that is not part of the project."""
    return _real_data("cmu-faces/cmu_faces_60x64.npz")


def _real_data(name: str) -> Path:
    if not (SHARED / name).exists():
        pytest.skip(f"needs real images in {SHARED / name}")
    return SHARED / name


@torch.no_grad()
def _strengthen(run: Run, levels: float = 15.0) -> None:
    """Scale a run's codes to mean 0 and variance 1, and its pictures to differ by some levels."""
    model, latent_dim = run.model, run.latent_dim
    images = run.files.open_images().images
    arrays = read_arrays(run.files.codes)
    codes = torch.as_tensor(run.encode(images[arrays["image"]]))
    mean, std = codes.mean(0), codes.std(0)
    last = [layer for layer in model.encoder.modules() if isinstance(layer, nn.Linear)][-1]
    last.weight[:latent_dim] /= std[:, None]
    last.bias[:latent_dim] = (last.bias[:latent_dim] - mean) / std
    kinds = (nn.Linear, nn.ConvTranspose2d)
    drawn = [layer for layer in model.decoder.modules() if isinstance(layer, kinds)][-1]
    pictures = pixel_decoder(model)(np.random.default_rng(0).standard_normal((50, latent_dim)))
    drawn.weight *= levels / float(pictures.std(0).mean())
    save_weights(run.files.weights, model)
    arrays["posterior_mean"] = run.encode(images[arrays["image"]])
    write_arrays(run.files.codes, arrays)
    run.files.mark_done()
