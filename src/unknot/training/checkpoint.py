"""Exact resume: weights, optimiser and position, replaced as one folder."""

import json
import os
import shutil
from pathlib import Path
from typing import NamedTuple

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from unknot.errors import UserError
from unknot.files import read_json, recover_folder, replace_folder

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
    plain = {key: value.contiguous().cpu() for key, value in model.state_dict().items()}
    path.write_bytes(save(plain))


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
    folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer, position: Position
) -> None:
    """Write a run's checkpoint beside its place and rename it there."""
    beside = folder / f".{FOLDER}.{os.getpid()}"
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    try:
        save_weights(beside / WEIGHTS, model)
        (beside / OPTIMIZER).write_bytes(save(_flat_state(optimizer)))
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


def load_checkpoint(folder: Path, model: nn.Module, optimizer: torch.optim.Optimizer) -> None:
    """Bring a model and its optimiser to where the checkpoint stands.

    The optimiser's tensors take the memory layout of their parameters: its fused kernel reads both
    in the order they lie in memory.
    """
    load_weights(folder / FOLDER / WEIGHTS, model)
    flat = _read_tensors(folder / FOLDER / OPTIMIZER)
    for i, parameter in enumerate(_parameters(optimizer)):
        if f"{i}.step" not in flat:
            continue  # before the first step, or a parameter that takes no part
        optimizer.state[parameter] = {
            "step": flat[f"{i}.step"].clone().to(parameter.device),
            "exp_avg": torch.empty_like(parameter).copy_(flat[f"{i}.exp_avg"]),
            "exp_avg_sq": torch.empty_like(parameter).copy_(flat[f"{i}.exp_avg_sq"]),
        }


def _read_tensors(path: Path) -> dict[str, Tensor]:
    try:
        return load_file(path)
    except FileNotFoundError:
        raise UserError(f"{path} is missing; train the run again") from None
    except SafetensorError as error:
        raise UserError(f"{path} cannot be loaded ({error}); train the run again") from None


def _parameters(optimizer: torch.optim.Optimizer) -> list[Tensor]:
    return [parameter for group in optimizer.param_groups for parameter in group["params"]]


def _flat_state(optimizer: torch.optim.Optimizer) -> dict[str, Tensor]:
    return {
        f"{i}.{name}": value.detach().contiguous().cpu()
        for i, parameter in enumerate(_parameters(optimizer))
        for name, value in optimizer.state[parameter].items()
    }
