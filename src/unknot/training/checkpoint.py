"""Exact resume: weights, optimiser and position, replaced as one folder."""

import json
import os
import shutil
from pathlib import Path
from typing import NamedTuple

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from unknot.errors import UserError
from unknot.files import read_json, recover_folder, replace_folder
from unknot.training.optimizers import Optimizer

FOLDER = "checkpoint"
WEIGHTS, OPTIMIZER, STATE = "weights.safetensors", "optimizer.safetensors", "state.json"


class Position(NamedTuple):
    """Where a run stands.

    Attributes:
        step: updates done.
        seconds: time spent on them.
        threads: with how many threads; a resume uses as many, for equal bits.
        mode: how the step is computed (`eager float32`).
        first_loss: the loss of the first step, against which an explosion is told.
        sums: of the training terms since the last line of the history.
        num_summed: how many steps are in them.
    """

    step: int
    seconds: float
    threads: int
    mode: str
    first_loss: float
    sums: tuple[float, ...] = ()
    num_summed: int = 0


def save_weights(path: Path, model: nn.Module) -> None:
    """Write a model's parameters and buffers in the plain memory layout."""
    path.write_bytes(save(_plain(model.state_dict())))


def load_weights(path: Path, model: nn.Module) -> None:
    """Read what `save_weights` wrote into a model of the same shape.

    Raises:
        UserError: if the file is missing, damaged or of another model.
    """
    tensors = _read_tensors(path)
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path} cannot be loaded ({reason}); train the run again") from None


def save_checkpoint(
    folder: Path, model: nn.Module, optimizer: Optimizer, position: Position
) -> None:
    """Write a run's checkpoint beside its place and rename it there."""
    beside = folder / f".{FOLDER}.{os.getpid()}"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        save_weights(beside / WEIGHTS, model)
        (beside / OPTIMIZER).write_bytes(save(_plain(optimizer.state())))
        (beside / STATE).write_text(json.dumps(position._asdict()))
        replace_folder(beside, folder / FOLDER)
    finally:
        shutil.rmtree(beside, ignore_errors=True)


def read_position(folder: Path) -> Position | None:
    """Where a run's checkpoint stands, or None if it has none.

    Also clears what a killed process left half written.
    """
    for left in folder.glob(f".{FOLDER}.*"):
        shutil.rmtree(left, ignore_errors=True)
    if not recover_folder(folder / FOLDER):
        return None
    return Position(**read_json(folder / FOLDER / STATE))


def load_checkpoint(folder: Path, model: nn.Module, optimizer: Optimizer) -> None:
    """Bring a model and its optimiser to where the checkpoint stands.

    Raises:
        UserError: if a file is missing, damaged or of another model.
    """
    load_weights(folder / FOLDER / WEIGHTS, model)
    path = folder / FOLDER / OPTIMIZER
    stored, state = _read_tensors(path), optimizer.state()
    if {name: t.shape for name, t in stored.items()} != {n: t.shape for n, t in state.items()}:
        raise UserError(f"{path} is of another model or version; train the run again")
    for name, tensor in state.items():
        tensor.copy_(stored[name])


def _read_tensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except FileNotFoundError:
        raise UserError(f"{path} is missing; train the run again") from None
    except SafetensorError as error:
        raise UserError(f"{path} cannot be loaded ({error}); train the run again") from None


def _plain(tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    return {name: value.contiguous().cpu() for name, value in tensors.items()}
