"""A step computed by several processes beside the same in one, and what becomes of them."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
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
from unknot.training.optimizers import Adam, Muon
from unknot.training.parallel import SMALLEST, Replicas, can_share
from unknot.worker import describe_run

CPU = torch.device("cpu")
TRAINING = TrainingConfig(
    steps=12,
    batch_size=2 * SMALLEST + 1,
    log_every=1,
    validate_every=6,
    checkpoint_every=4,
    precision="float32",
)
CONFIG = RunConfig(1.0, 0, training=TRAINING)

pytestmark = pytest.mark.skipif(
    not can_share(2 * SMALLEST, 2, CPU), reason="needs Linux, and no accelerator"
)


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
    likelihood: Any, small_faces: ImageSet, tmp_path: Path
) -> None:
    standardize = "unit" if likelihood == "bernoulli" else "per_pixel"
    model = ModelConfig(likelihood=likelihood, standardize=standardize)
    shared = RunConfig(1.0, 0, model=model, training=TRAINING)
    whole = replace(shared, training=replace(TRAINING, mode="eager"))
    fit(shared, small_faces, tmp_path / "shared", device="cpu")
    assert torch.get_num_threads() == 2
    fit(whole, small_faces, tmp_path / "whole", device="cpu")
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


def test_a_process_that_dies_stops_the_run_and_leaves_the_checkpoint(
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
    assert can_share(2 * SMALLEST, 2, CPU)
    assert not can_share(2 * SMALLEST - 1, 2, CPU)
    assert not can_share(64, 1, CPU)
    assert not can_share(64, 2, torch.device("meta"))


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
    x = torch.randn(50, 4, generator=torch.Generator().manual_seed(0))
    model = nn.Linear(4, 2)

    def differentiate(step: int, share: slice) -> Tensor:
        model.zero_grad()
        loss = (step + 1) * model(x[share]).square().sum() / 50
        loss.backward()
        return loss.detach()[None]

    expected = [(differentiate(step, slice(None)), _gradient(model)) for step in (0, 1)]
    replicas = Replicas(model, _adam(model), differentiate, 50, 3)
    try:
        for step, (loss, gradient) in enumerate(expected):
            torch.testing.assert_close(replicas.differentiate(step), loss)
            torch.testing.assert_close(_gradient(model), gradient)
        with torch.no_grad():
            model.weight.mul_(2)
            model.bias.mul_(2)
        torch.testing.assert_close(replicas.differentiate(0), 4 * expected[0][0])
    finally:
        replicas.close()


def test_updates_are_those_of_one_process() -> None:
    x = torch.randn(6, 4, generator=torch.Generator().manual_seed(0))
    models = [nn.Sequential(nn.Linear(4, 5), nn.Linear(5, 3), nn.Conv1d(3, 2, 1)) for _ in range(2)]
    models[1].load_state_dict(models[0].state_dict())
    alone, together = (Muon(model, 0.9, 0.99) for model in models)

    def differentiate(model: nn.Sequential, share: slice) -> Tensor:
        model.zero_grad()
        loss = model[1](model[0](x[share])).square().sum() + model[2](x[share, :3, None]).sum()
        loss.backward()
        return loss.detach()[None]

    replicas = Replicas(
        models[1], together, lambda step, share: differentiate(models[1], share), 6, 3
    )
    try:
        for count in (1, 2, 3):
            differentiate(models[0], slice(None))
            alone.step(0.1, count)
            replicas.differentiate(count)
            replicas.update(0.1, count)
    finally:
        replicas.close()
    for first, second in zip(models[0].parameters(), models[1].parameters()):
        torch.testing.assert_close(first, second)
    for first, second in zip(alone.state().values(), together.state().values()):
        torch.testing.assert_close(first, second)


def _adam(model: nn.Module) -> Adam:
    return Adam(model.parameters(), 0.9, 0.99)


def _gradient(model: nn.Linear) -> Tensor:
    assert model.weight.grad is not None
    return model.weight.grad.clone()


def test_a_fault_in_a_copy_is_raised_here() -> None:
    model = nn.Linear(1, 1)

    def differentiate(step: int, share: slice) -> Tensor:
        if share.start:
            raise ValueError("only in a copy")
        model(torch.ones(1, 1)).sum().backward()
        return torch.zeros(1)

    replicas = Replicas(model, _adam(model), differentiate, 2, 2)
    try:
        with pytest.raises(RuntimeError, match="only in a copy"):
            replicas.differentiate(0)
    finally:
        replicas.close()


def test_copies_end_when_another_cannot_be_made(monkeypatch: pytest.MonkeyPatch) -> None:
    copies: list[int] = []
    fork = os.fork

    def failing() -> int:
        if copies:
            raise BlockingIOError("no more processes")
        copies.append(fork())
        return copies[0]

    monkeypatch.setattr(os, "fork", failing)
    model = nn.Linear(1, 1)
    with pytest.raises(BlockingIOError):
        Replicas(model, _adam(model), lambda step, share: torch.zeros(1), 3, 3)
    with pytest.raises(ProcessLookupError):
        os.kill(copies[0], 0)
    assert signal.SIGTERM not in signal.pthread_sigmask(signal.SIG_BLOCK, [])


def test_a_closed_model_has_its_weights_to_itself() -> None:
    model = nn.Linear(1, 1)
    Replicas(model, _adam(model), lambda step, share: torch.zeros(1), 2, 2).close()
    before = model.weight.detach().clone()
    copy = os.fork()
    if copy == 0:
        with torch.no_grad():
            model.weight.add_(1)
        os._exit(0)
    os.waitpid(copy, 0)
    assert torch.equal(model.weight, before)


PRINTING_COPIES = """
import os, signal, sys
from pathlib import Path
import torch
torch.set_num_threads(2)
fork = os.fork
def noted():
    copy = fork()
    if copy: print(copy, flush=True)
    return copy
os.fork = noted
"""
KILLED = """
from unknot.training.optimizers import Adam
from unknot.training.parallel import Replicas
model = torch.nn.Linear(1, 1)
optimizer = Adam(model.parameters(), 0.9, 0.99)
replicas = Replicas(model, optimizer, lambda step, share: torch.zeros(1), 48, 3)
os.kill(os.getpid(), signal.SIGKILL)
"""
TOLD_WITH_ITS_GROUP = """
from unknot.config import RunConfig, from_toml
from unknot.errors import Interrupted
from unknot.training.loop import fit
from unknot.training.optimizers import Adam, Muon
from unknot.worker import open_images
folder = Path(sys.argv[1])
config = from_toml(RunConfig, folder / "config.toml")
def stop(step, steps):
    if step == 5: os.killpg(0, signal.SIGTERM)
try:
    fit(config, open_images(config, folder), folder, device="cpu", on_step=stop)
except Interrupted as stopped:
    sys.exit(str(stopped))
"""


def _run(code: str, folder: Path) -> tuple[int, list[int], str]:
    """Exit status, the copies that were made, and the last words."""
    printed, said = folder / "printed", folder / "said"
    with printed.open("w") as out, said.open("w") as err:  # copies hold them open: no pipes
        process = subprocess.Popen(
            [sys.executable, "-c", PRINTING_COPIES + code, str(folder)],
            stdout=out,
            stderr=err,
            start_new_session=True,
        )
        status = process.wait(100)
    return status, [int(line) for line in printed.read_text().split()], said.read_text()


def _end_soon(copies: list[int]) -> bool:
    for _ in range(100):
        if not any(Path(f"/proc/{copy}").exists() for copy in copies):
            return True
        time.sleep(0.1)
    return False


@pytest.mark.slow
def test_no_copy_outlives_a_process_that_was_killed(tmp_path: Path) -> None:
    status, copies, _ = _run(KILLED, tmp_path)
    assert status == -signal.SIGKILL
    assert len(copies) == 2
    assert _end_soon(copies)


@pytest.mark.slow
def test_a_signal_to_all_processes_is_one_to_the_run(small_faces: ImageSet, tmp_path: Path) -> None:
    describe_run(CONFIG, small_faces, tmp_path)
    status, copies, said = _run(TOLD_WITH_ITS_GROUP, tmp_path)
    assert status == 1
    assert "stopped at step 5 of 12" in said
    assert len(copies) == 1
    assert _end_soon(copies)
    position = read_position(tmp_path)
    assert position is not None
    assert position.step == 5
