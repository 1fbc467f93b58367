"""One browser for all tests of the page, and the page of the experiment that all share."""

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from tests.report.watched_page import WatchedPage
from unknot.common.files import read_arrays, write_arrays
from unknot.evidence.run_evidence import pixel_decoder
from unknot.experiments.experiment import Experiment
from unknot.runs.run import Run
from unknot.runs.weights import save_weights

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """Debian's Chromium."""
    playwright = pytest.importorskip("playwright.sync_api", reason="needs playwright (extra dev)")
    if not CHROMIUM:
        pytest.skip("needs Debian's chromium")
    with playwright.sync_playwright() as started:
        opened = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def watched(browser: Any) -> Iterator[WatchedPage]:
    """A page that must do nothing that it should not."""
    watched_page = WatchedPage(browser)
    yield watched_page
    watched_page.page.close()
    assert watched_page.faults == []


@pytest.fixture(scope="session")
def report(trained: Experiment) -> Path:
    """The page of the trained experiment."""
    return trained.report()


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
def seen_report(seen: Experiment) -> Path:
    """Its page."""
    return seen.report()


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
