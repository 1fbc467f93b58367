"""A step computed by several processes beside the same in one, and what becomes of them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from unknot.config import ModelConfig, RunConfig, TrainingConfig
from unknot.data.image_set import ImageSet
from unknot.errors import Interrupted, UserError
from unknot.files import read_json
from unknot.training import trainer as trainer_module
from unknot.training.checkpoint import read_position
from unknot.training.history import read_history
from unknot.training.loop import fit
from unknot.training.parallel import SMALLEST, Replicas, can_share

CPU = torch.device("cpu")
STEPS = 12
TRAINING = TrainingConfig(
    steps=STEPS,
    batch_size=2 * SMALLEST + 1,
    log_every=1,
    validate_every=6,
    checkpoint_every=4,
    precision="float32",
)
CONFIG = RunConfig(1.0, 0, training=TRAINING)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are copied on Linux")


@pytest.fixture(autouse=True)
def two_threads() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(2)
    yield
    torch.set_num_threads(before)


def _losses(folder: Path) -> list[float]:
    return [line["loss"] for line in read_history(folder)]


def _mode(folder: Path) -> str:
    mode: str = read_json(folder / "evaluation.json")["mode"]
    return mode


@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_a_run_is_what_it_is_in_one_process(
    likelihood: Any, small_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    standardize = "unit" if likelihood == "bernoulli" else "per_pixel"
    model = ModelConfig(likelihood=likelihood, standardize=standardize)
    config = RunConfig(1.0, 0, model=model, training=TRAINING)
    fit(config, small_faces, tmp_path / "shared", device="cpu")
    assert torch.get_num_threads() == 2
    monkeypatch.setattr(trainer_module, "can_share", lambda *_: False)
    fit(config, small_faces, tmp_path / "whole", device="cpu")
    assert _mode(tmp_path / "shared") == "data-parallel float32"
    assert _mode(tmp_path / "whole") == "eager float32"
    assert _losses(tmp_path / "shared") == pytest.approx(_losses(tmp_path / "whole"), rel=1e-4)


def test_a_resume_is_bitwise_equal(small_faces: ImageSet, tmp_path: Path) -> None:
    def stop(step: int, steps: int) -> None:
        if step == 7:
            signal.raise_signal(signal.SIGTERM)

    fit(CONFIG, small_faces, tmp_path / "whole", device="cpu")
    with pytest.raises(Interrupted, match="step 7"):
        fit(CONFIG, small_faces, tmp_path / "stopped", device="cpu", on_step=stop)
    torch.set_num_threads(1)  # the run brings its own number
    fit(CONFIG, small_faces, tmp_path / "stopped", device="cpu")
    expected, got = (
        load_file(tmp_path / at / "weights.safetensors") for at in ("whole", "stopped")
    )
    assert all(torch.equal(expected[name], got[name]) for name in expected)


def test_a_run_goes_on_as_it_was_begun(
    small_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(step: int, steps: int) -> None:
        signal.raise_signal(signal.SIGTERM)

    for at, possible in (("shared", True), ("whole", False)):
        monkeypatch.setattr(trainer_module, "can_share", lambda *_, now=possible: now)
        with pytest.raises(Interrupted):
            fit(CONFIG, small_faces, tmp_path / at, device="cpu", on_step=stop)
    with pytest.raises(UserError, match="in mode data-parallel float32 and would go on in mode e"):
        fit(CONFIG, small_faces, tmp_path / "shared", device="cpu")
    monkeypatch.setattr(trainer_module, "can_share", lambda *_: True)
    fit(CONFIG, small_faces, tmp_path / "whole", device="cpu")
    assert _mode(tmp_path / "whole") == "eager float32"


def test_a_process_that_dies_stops_the_run_and_loses_nothing(
    small_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copies: list[int] = []
    fork = os.fork

    def noted() -> int:
        copies.append(fork())
        return copies[-1]

    monkeypatch.setattr(os, "fork", noted)

    def kill(step: int, steps: int) -> None:
        if step == 6:
            os.kill(copies[0], signal.SIGKILL)

    with pytest.raises(UserError, match="every batch has ended"):
        fit(CONFIG, small_faces, tmp_path, device="cpu", on_step=kill)
    position = read_position(tmp_path)
    assert position is not None
    assert position.step == 4
    fit(CONFIG, small_faces, tmp_path, device="cpu")
    assert len(copies) == 2
    for copy in copies:
        with pytest.raises(ProcessLookupError):
            os.kill(copy, 0)


def test_only_a_batch_worth_it_is_shared() -> None:
    assert can_share(2 * SMALLEST, CPU)
    assert not can_share(2 * SMALLEST - 1, CPU)
    assert not can_share(64, torch.device("meta"))
    torch.set_num_threads(1)
    assert not can_share(64, CPU)


def test_what_sees_the_batch_as_a_whole_is_not_shared(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    """A learned sigma is the batch's; a network of the user's own may normalise over it."""
    model = ModelConfig(likelihood="gaussian_learned")
    learned = RunConfig(1.0, 0, model=model, training=TRAINING)
    fit(learned, small_faces, tmp_path / "learned", device="cpu")
    assert _mode(tmp_path / "learned") == "eager float32"

    def networks(shape: tuple[int, int, int], latent_dim: int) -> tuple[nn.Module, nn.Module]:
        num = shape[0] * shape[1] * shape[2]
        encoder = nn.Sequential(nn.Flatten(), nn.Linear(num, 2 * latent_dim))
        return encoder, nn.Sequential(nn.Linear(latent_dim, num), nn.Unflatten(1, shape))

    config = RunConfig(1.0, 0, model=ModelConfig(network="custom"), training=TRAINING)
    fit(config, small_faces, tmp_path / "own", device="cpu", networks=networks)
    assert _mode(tmp_path / "own") == "eager float32"


def test_gradients_add_up_to_those_of_the_batch() -> None:
    torch.set_num_threads(3)
    x = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    model = nn.Linear(4, 2)

    def differentiate(step: int, share: slice) -> Tensor:
        model.zero_grad()
        loss = (step + 1) * model(x[share]).square().sum() / 50
        loss.backward()
        return loss.detach()[None]

    expected = [(differentiate(step, slice(None)), model.weight.grad) for step in (0, 1)]
    gradients = [gradient.clone() for _, gradient in expected if gradient is not None]
    replicas = Replicas(model, differentiate, 50)
    try:
        for step, gradient in enumerate(gradients):
            torch.testing.assert_close(replicas.differentiate(step), expected[step][0])
            assert model.weight.grad is not None
            torch.testing.assert_close(model.weight.grad, gradient)
        with torch.no_grad():
            model.weight.mul_(2)
            model.bias.mul_(2)
        torch.testing.assert_close(replicas.differentiate(0), 4 * expected[0][0])
    finally:
        replicas.close()


@pytest.mark.slow
def test_no_process_outlives_one_that_was_killed(tmp_path: Path) -> None:
    code = """
import os, signal
import torch
from unknot.training.parallel import Replicas
torch.set_num_threads(3)
fork = os.fork
def noted():
    copy = fork()
    if copy: print(copy, flush=True)
    return copy
os.fork = noted
replicas = Replicas(torch.nn.Linear(1, 1), lambda step, share: torch.zeros(1), 48)
os.kill(os.getpid(), signal.SIGKILL)
"""
    ended = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False
    )
    assert ended.returncode == -signal.SIGKILL
    copies = [int(line) for line in ended.stdout.split()]
    assert len(copies) == 2
    for _ in range(100):
        if not any(Path(f"/proc/{copy}").exists() for copy in copies):
            return
        time.sleep(0.1)
    raise AssertionError(f"{copies} are still there")
