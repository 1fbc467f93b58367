"""Exact resume: weights, optimizer and state, replaced as one folder."""

import json
import os
import shutil
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from torch import nn

from unknot.common.errors import UserError
from unknot.common.files import recover_folder, replace_folder
from unknot.common.reading import read_json
from unknot.runs.evaluation import OLD_STRATEGIES
from unknot.runs.folder import RunFolder
from unknot.runs.weights import load_weights, read_tensors, save_weights, to_bytes
from unknot.training.adversary import Adversary
from unknot.training.optimizers import Optimizer

WEIGHTS, OPTIMIZER, STATE = "weights.safetensors", "optimizer.safetensors", "state.json"
ADVERSARY = "adversary_"  # before the names of an adversary's weights and optimizer


class TrainingState(NamedTuple):
    """Where a run stands.

    Attributes:
        step: updates done.
        seconds: time spent on them.
        threads: with how many threads; a resume uses as many, for equal bits.
        strategy: how gradients are computed: `single`, `data_parallel` or `stacked`.
        precision: of the large layers.
        first_loss: the loss of the first step, against which an explosion is judged.
        sums: of the training terms since the last line of the history.
        num_summed: how many steps are in them.
    """

    step: int
    seconds: float
    threads: int
    strategy: str
    precision: str
    first_loss: float
    sums: tuple[float, ...] = ()
    num_summed: int = 0


def save_checkpoint(
    folder: RunFolder,
    model: nn.Module,
    optimizer: Optimizer,
    state: TrainingState,
    adversary: Adversary | None = None,
) -> None:
    """Write a run's checkpoint beside its place and rename it there."""
    beside = folder.path / f".{folder.checkpoint.name}.{os.getpid()}"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        _save(beside, model, optimizer)
        if adversary:
            _save(beside, adversary.network, adversary.optimizer, ADVERSARY)
        (beside / STATE).write_text(json.dumps(state._asdict()))
        replace_folder(beside, folder.checkpoint)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def read_training_state(folder: RunFolder) -> TrainingState | None:
    """Read where a run's checkpoint stands; None if it has none.

    Also clears what a killed process left half written.

    Raises:
        UserError: if it is damaged.
    """
    for left_over in folder.path.glob(f".{folder.checkpoint.name}.*"):
        shutil.rmtree(left_over, ignore_errors=True)
    if not recover_folder(folder.checkpoint):
        return None
    document = read_json(folder.checkpoint / STATE)
    if "mode" in document:  # of version 0.1.0
        strategy, document["precision"] = document.pop("mode").split(" ", 1)
        document["strategy"] = OLD_STRATEGIES.get(strategy, strategy)
    return TrainingState(**document)


def threads_before(folder: RunFolder) -> int:
    """Read with how many threads a run was begun; 0 where no checkpoint says so.

    Nothing is cleared, so that the run may be training; what is damaged is left to the run to name.
    """
    with suppress(UserError, FileNotFoundError):
        return int(read_json(folder.checkpoint / STATE)["threads"])
    return 0


def load_checkpoint(
    folder: RunFolder, model: nn.Module, optimizer: Optimizer, adversary: Adversary | None = None
) -> None:
    """Bring a model, its optimizer and its adversary, if any, to where the checkpoint stands.

    Raises:
        UserError: if a file is missing, damaged or of another model.
    """
    _load(folder.checkpoint, model, optimizer)
    if adversary:
        _load(folder.checkpoint, adversary.network, adversary.optimizer, ADVERSARY)


def _save(folder: Path, model: nn.Module, optimizer: Optimizer, prefix: str = "") -> None:
    save_weights(folder / f"{prefix}{WEIGHTS}", model)
    (folder / f"{prefix}{OPTIMIZER}").write_bytes(to_bytes(optimizer.state()))


def _load(folder: Path, model: nn.Module, optimizer: Optimizer, prefix: str = "") -> None:
    load_weights(folder / f"{prefix}{WEIGHTS}", model)
    path = folder / f"{prefix}{OPTIMIZER}"
    tensors, state = read_tensors(path), optimizer.state()
    if {name: t.shape for name, t in tensors.items()} != {n: t.shape for n, t in state.items()}:
        raise UserError(f"{path} is of another model or version; train the run again")
    for name, tensor in state.items():
        tensor.copy_(tensors[name])
