"""Weights on disk: safetensors in torch's plain memory layout."""

from pathlib import Path

from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn

from unknot.common.errors import UserError


def save_weights(path: Path, model: nn.Module) -> None:
    """Write a model's parameters and buffers in the plain memory layout."""
    path.write_bytes(to_bytes(model.state_dict()))


def load_weights(path: Path, model: nn.Module) -> None:
    """Read what `save_weights` wrote into a model of the same shape.

    Raises:
        UserError: if the file is missing, damaged or of another model.
    """
    tensors = read_tensors(path)
    try:
        model.load_state_dict(tensors)
    except RuntimeError as error:
        reason = str(error).splitlines()[0]
        raise UserError(f"{path} cannot be loaded ({reason}); train the run again") from None


def read_tensors(path: Path) -> dict[str, Tensor]:
    """Read every tensor of a safetensors file.

    Raises:
        UserError: if it is missing or damaged.
    """
    try:
        return load_file(path)
    except FileNotFoundError:
        raise UserError(f"{path} is missing; train the run again") from None
    except SafetensorError as error:
        raise UserError(f"{path} cannot be loaded ({error}); train the run again") from None


def to_bytes(tensors: dict[str, Tensor]) -> bytes:
    """Pack named tensors as safetensors, on the CPU and in the plain memory layout."""
    return save({name: value.contiguous().cpu() for name, value in tensors.items()})
