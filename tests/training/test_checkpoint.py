"""Exact resume, after SIGKILL at any moment too."""

import json
import os
import signal
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from tests.training.tiny import same_bits, tiny, weights
from unknot.common import files
from unknot.common.errors import UserError
from unknot.common.reading import read_arrays, read_json
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.models.objectives.factor_vae import FactorVAE
from unknot.runs.folder import RunFolder
from unknot.runs.history import HistoryLine, read_history
from unknot.training import checkpoint
from unknot.training.adversary import Adversary
from unknot.training.checkpoint import (
    TrainingState,
    load_checkpoint,
    read_training_state,
    save_checkpoint,
    threads_before,
)
from unknot.training.fit import fit
from unknot.training.optimizers import Adam, Muon
from unknot.training.outcome import save_outcome
from unknot.training.trainer import Trainer

STATE = TrainingState(
    step=3,
    seconds=0.1,
    threads=2,
    strategy="single",
    precision="float32",
    first_loss=1.7,
    sums=(0.1, 2.0),
    num_summed=2,
)


def model_and_optimizer(seed: int) -> tuple[nn.Module, Adam]:
    """A model after one update."""
    torch.manual_seed(seed)
    model = nn.Conv2d(2, 3, 2).to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    optimizer = Adam(model.parameters(), 0.9, 0.99)
    model(torch.randn(4, 2, 3, 3)).sum().backward()
    optimizer.step(0.1, 1)
    return model, optimizer


def test_a_checkpoint_brings_back_weights_optimizer_and_state(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path / "run")
    assert read_training_state(folder) is None
    first, second = model_and_optimizer(0), model_and_optimizer(1)
    save_checkpoint(folder, *second, STATE)
    save_checkpoint(folder, *first, STATE)
    assert os.listdir(folder.path) == ["checkpoint"]
    load_checkpoint(folder, *second)
    assert same_bits(dict(first[0].state_dict()), dict(second[0].state_dict()))
    assert same_bits(first[1].state(), second[1].state())
    state = read_training_state(folder)
    assert state is not None
    assert state._replace(sums=tuple(state.sums)) == STATE


def adversary_after_an_update(seed: int, hidden_units: int = 8) -> Adversary:
    objective = FactorVAE(hidden_units=hidden_units, hidden_layers=2)
    device = torch.device("cpu")
    adversary = Adversary(objective, 3, seed=seed, device=device, precision="float32")
    adversary.network(torch.randn(4, 3)).sum().backward()
    adversary.update(1)
    return adversary


def test_an_adversary_is_in_files_of_its_own(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    parts, first, second = model_and_optimizer(0), *map(adversary_after_an_update, (0, 1))
    save_checkpoint(folder, *parts, STATE)
    plain = {"weights.safetensors", "optimizer.safetensors", "state.json"}
    assert set(os.listdir(folder.checkpoint)) == plain
    save_checkpoint(folder, *parts, STATE, first)
    assert set(os.listdir(folder.checkpoint)) - plain == {
        "adversary_weights.safetensors",
        "adversary_optimizer.safetensors",
    }
    load_checkpoint(folder, *parts, second)
    assert same_bits(dict(first.network.state_dict()), dict(second.network.state_dict()))
    assert same_bits(first.optimizer.state(), second.optimizer.state())


def test_a_checkpoint_without_the_adversary_or_of_another_is_refused(tmp_path: Path) -> None:
    folder, parts = RunFolder(tmp_path), model_and_optimizer(0)
    save_checkpoint(folder, *parts, STATE)
    with pytest.raises(UserError, match=r"adversary_weights\.safetensors is missing; put back"):
        load_checkpoint(folder, *parts, adversary_after_an_update(0))
    save_checkpoint(folder, *parts, STATE, adversary_after_an_update(0))
    with pytest.raises(
        UserError, match=r"adversary_weights\.safetensors is of another model"
    ) as caught:
        load_checkpoint(folder, *parts, adversary_after_an_update(0, hidden_units=9))
    assert "\n" not in str(caught.value)
    (folder.checkpoint / "adversary_optimizer.safetensors").unlink()
    with pytest.raises(UserError, match=r"adversary_optimizer\.safetensors is missing; put back"):
        load_checkpoint(folder, *parts, adversary_after_an_update(0))


def test_what_a_killed_process_left_half_written_is_cleared(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    save_checkpoint(folder, *model_and_optimizer(0), STATE)
    folder.checkpoint.rename(tmp_path / "checkpoint.old")  # killed between two renames
    (tmp_path / ".checkpoint.123").mkdir()
    (tmp_path / ".checkpoint.123" / "weights.safetensors").touch()
    state = read_training_state(folder)
    assert state is not None
    assert state.step == 3
    assert os.listdir(tmp_path) == ["checkpoint"]


def test_the_threads_of_a_run_are_read_without_touching_it(tmp_path: Path) -> None:
    """It may be training: what it has half written stays."""
    folder = RunFolder(tmp_path)
    assert threads_before(folder) == 0
    half = tmp_path / ".checkpoint.7"
    for place in (folder.checkpoint, half):
        place.mkdir()
    assert threads_before(folder) == 0
    state = folder.checkpoint / "state.json"
    state.write_text('{"step": 3, "threads": 4}')
    assert threads_before(folder) == 4
    state.write_text("damaged")
    assert threads_before(folder) == 0
    assert half.is_dir()


def test_a_checkpoint_of_another_optimizer_is_refused(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    model = nn.Linear(2, 2)
    save_checkpoint(folder, model, Adam(model.parameters(), 0.9, 0.99), STATE)
    with pytest.raises(UserError, match=r"optimizer.safetensors is of another model or version"):
        load_checkpoint(folder, model, Muon(model, 0.9, 0.99))


@pytest.mark.parametrize("name", ["weights.safetensors", "optimizer.safetensors", "state.json"])
def test_a_damaged_checkpoint_is_named(name: str, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    parts = model_and_optimizer(0)
    save_checkpoint(folder, *parts, STATE)

    def load() -> None:
        read_training_state(folder)
        load_checkpoint(folder, *parts)

    load()
    (folder.checkpoint / name).write_bytes(b"half")
    with pytest.raises(UserError, match=f"{name} is damaged .*or delete .*checkpoint") as caught:
        load()
    assert "\n" not in str(caught.value)
    (folder.checkpoint / name).unlink()
    with pytest.raises(UserError, match=f"{name} is missing"):
        load()


@pytest.mark.parametrize(
    ("mode", "strategy", "precision"),
    [
        ("eager float32", "single", "float32"),
        ("eager bfloat16", "single", "bfloat16"),
        ("data-parallel float32", "data_parallel", "float32"),
        ("stacked float32", "stacked", "float32"),
        ("compiled float32", "compiled", "float32"),
    ],
)
def test_a_state_of_version_0_1_is_read(
    mode: str, strategy: str, precision: str, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path)
    folder.checkpoint.mkdir()
    document = {
        "step": 7,
        "seconds": 1.5,
        "threads": 1,
        "mode": mode,
        "first_loss": 3.0,
        "sums": [1.0, 2.0],
        "num_summed": 2,
    }
    (folder.checkpoint / "state.json").write_text(json.dumps(document))
    state = read_training_state(folder)
    assert state is not None
    assert (state.strategy, state.precision) == (strategy, precision)
    assert (state.step, state.seconds, state.first_loss) == (7, 1.5, 3.0)
    assert (list(state.sums), state.num_summed) == ([1.0, 2.0], 2)


CONFIG = RunConfig(
    1.0, 0, training=tiny(steps=40, validate_every=20, checkpoint_every=10, log_every=3)
)


def kill_at(owner: object, name: str, count: int, fits: Callable[..., bool]) -> None:
    """Replace a function by one that kills the process at its nth call that fits."""
    real, calls = getattr(owner, name), 0

    def counting(*arguments: object) -> object:
        nonlocal calls
        calls += fits(*arguments)
        if calls == count:
            os.kill(os.getpid(), signal.SIGKILL)
        return real(*arguments)

    setattr(owner, name, counting)


MOMENTS: dict[str, Callable[[], None]] = {
    "between two steps": lambda: kill_at(Trainer, "step", 27, lambda trainer: True),
    "while a checkpoint is being written": lambda: kill_at(
        checkpoint, "to_bytes", 6, lambda tensors: True
    ),
    "between a checkpoint's two renames": lambda: kill_at(
        files.os, "replace", 3, lambda source, place: str(place).endswith("/checkpoint")
    ),
}


@pytest.fixture(scope="module")
def uninterrupted(small_faces: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> RunFolder:
    folder = RunFolder(tmp_path_factory.mktemp("whole") / "run")
    finish(folder, small_faces)
    return folder


def finish(folder: RunFolder, images: ImageSet) -> None:
    """Train a run to its end in one thread, and save its codes."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    save_outcome(folder, fit(CONFIG, images, folder, device="cpu"), images)
    torch.set_num_threads(threads)


def lines_without_time(folder: RunFolder) -> list[HistoryLine]:
    """Read a history without the seconds, which differ from run to run."""
    return [
        {key: value for key, value in line.items() if key != "seconds"}
        for line in read_history(folder.history)
    ]


@pytest.mark.skipif(sys.platform != "linux", reason="needs a process that can be forked")
@pytest.mark.parametrize("moment", MOMENTS)
def test_a_killed_run_ends_bitwise_equal(
    moment: str, uninterrupted: RunFolder, small_faces: ImageSet, tmp_path: Path
) -> None:
    """In a copy of this process, which has one thread and spares the time to import torch."""
    folder = RunFolder(tmp_path / "run")
    child = os.fork()
    if child == 0:
        try:
            MOMENTS[moment]()
            finish(folder, small_faces)
        finally:
            os._exit(1)  # it should have been killed
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == -signal.SIGKILL
    state = read_training_state(folder)
    assert state is not None
    assert state.step == 20
    finish(folder, small_faces)
    assert same_bits(weights(uninterrupted.path), weights(folder.path))
    assert lines_without_time(uninterrupted) == lines_without_time(folder)
    for expected, resumed in (
        (uninterrupted.frames, folder.frames),
        (uninterrupted.codes, folder.codes),
    ):
        first, second = read_arrays(expected), read_arrays(resumed)
        assert first.keys() == second.keys()
        assert all(np.array_equal(first[key], second[key]) for key in first)


@pytest.mark.parametrize("name", ["weights.safetensors", "optimizer.safetensors"])
def test_a_flipped_bit_in_a_checkpoint_is_found(name: str, tmp_path: Path) -> None:
    folder, parts = RunFolder(tmp_path), model_and_optimizer(0)
    save_checkpoint(folder, *parts, STATE)
    content = bytearray((folder.checkpoint / name).read_bytes())
    content[-2] ^= 1  # of a mantissa
    (folder.checkpoint / name).write_bytes(bytes(content))
    with pytest.raises(UserError, match=rf"{name} is damaged \(not as it was written\)"):
        load_checkpoint(folder, *parts)


HUNDRED_STEPS = RunConfig(1.0, 0, training=tiny(steps=100))


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("step", 10**18, "step 1,000,000,000,000,000,000 of a run of 100"),
        ("step", -1, "least is 0"),
        ("step", 2.5, "whole number"),
        ("step", True, "whole number"),
        ("step", 10**30, "a number that is too large"),
        ("seconds", float("nan"), "least is 0"),
        ("seconds", "long", "it should be a number"),
        ("threads", 0, "the least is 1"),
        ("threads", 10**9, "'threads' is 1,000,000,000"),
        ("sums", [None], "it should be a number"),
        ("sums", [float("inf")], "not a finite number"),
        ("strategy", ["single"], "it should be text"),
        ("run", "beta-7_seed-0", "it is of the run beta-7_seed-0"),
    ],
)
def test_a_state_that_cannot_be_is_damaged(
    field: str, value: object, reason: str, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path)
    save_checkpoint(folder, *model_and_optimizer(0), STATE)
    path = folder.checkpoint / "state.json"
    document = read_json(path)
    del document["sha256"]
    path.write_text(json.dumps(document | {field: value}))
    with pytest.raises(UserError, match=rf"state.json is damaged \(.*{reason}"):
        read_training_state(folder, HUNDRED_STEPS)
    path.write_text(json.dumps(document | {"more": 1}))
    with pytest.raises(UserError, match=r"state.json is damaged"):
        read_training_state(folder, HUNDRED_STEPS)


def test_a_state_that_was_edited_is_refused(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    save_checkpoint(folder, *model_and_optimizer(0), STATE)
    path = folder.checkpoint / "state.json"
    path.write_text(path.read_text().replace('"step": 3', '"step": 2'))
    with pytest.raises(UserError, match="it is not as it was written"):
        read_training_state(folder)
