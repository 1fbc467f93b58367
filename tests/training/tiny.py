"""What tests of training share: short trainings, ways to stop one, and what it left."""

import signal
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor

from unknot.common.progress import Progress
from unknot.config.parts import ModelConfig, TrainingConfig
from unknot.models.objectives import OBJECTIVES, Loss, StepContext
from unknot.models.vae import Terms
from unknot.runs.folder import RunFolder
from unknot.runs.history import read_history
from unknot.training.gradients import MIN_SHARE, StrategyRequest, can_share

CPU = torch.device("cpu")
LINEAR = ModelConfig(network="linear", latent_dim=3)
"""A network whose steps cost next to nothing, where it does not matter which."""


def tiny(**options: Any) -> TrainingConfig:
    """Describe a training of some steps."""
    defaults = {
        "steps": 30,
        "batch_size": 8,
        "validate_every": 10,
        "checkpoint_every": 10,
        "log_every": 5,
    }
    return TrainingConfig(**(defaults | options))


def request(**options: Any) -> StrategyRequest:
    """Ask for a strategy of a run that could be divided among processes."""
    defaults = StrategyRequest(
        wanted="auto",
        begun_as="",
        needs_whole_batch=False,
        batch_size=2 * MIN_SHARE,
        threads=2,
        device=CPU,
    )
    return defaults._replace(**options)


needs_processes = pytest.mark.skipif(
    not can_share(2 * MIN_SHARE, 2, CPU), reason="needs Linux, and no accelerator"
)


def stop_at(step: int, number: int = signal.SIGTERM) -> Progress:
    """Make a progress callback that signals its own process after a step."""

    def stop(name: str, done: int, total: int) -> None:
        if done == step:
            signal.raise_signal(number)

    return stop


def weights(folder: Path) -> dict[str, Tensor]:
    """Read a run's weights."""
    return load_file(RunFolder(folder).weights)


def same_bits(first: dict[str, Tensor], second: dict[str, Tensor]) -> bool:
    """Whether named tensors are bitwise equal."""
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def losses(folder: Path, split: str | None = None) -> list[float]:
    """Read the losses of a run's history."""
    return [line["loss"] for line in read_history(RunFolder(folder).history, split)]


@dataclass(frozen=True)
class WholeBatchObjective:
    """The beta-VAE's loss and a penalty on the covariances of a batch's latents."""

    needs_whole_batch: ClassVar[bool] = True
    quantities: ClassVar[tuple[str, ...]] = ("tc_proxy",)
    collapses_by_beta: ClassVar[bool] = False
    larger_beta_is_weaker: ClassVar[bool] = False
    beta_is: ClassVar[str] = "a strength"
    gamma: float = 6.0

    def check(self, beta: float, batch_size: int) -> None:
        """Every beta and batch fits; see `Objective.check`."""

    def loss(self, terms: Terms, at: StepContext) -> Loss:
        """See `Objective.loss`."""
        covariances = torch.cov(terms.z.T, correction=0)
        proxy = (covariances - covariances.diagonal().diag()).square().sum()
        elbo = -(terms.distortion + at.beta * terms.kl.sum(1)).mean()
        return Loss(value=self.gamma * proxy - elbo, quantities=(proxy,))


def register_whole_batch_objective(monkeypatch: pytest.MonkeyPatch) -> str:
    """Register `WholeBatchObjective` while a test runs; gives its name."""
    monkeypatch.setitem(OBJECTIVES, "toy", f"{__name__}:WholeBatchObjective")
    return "toy"
