"""Weights on disk: safetensors in torch's plain memory layout."""

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import Tensor, nn

from unknot.common.reading import DamageError, damage

REMEDY = "train the run again"


def save_weights(path: Path, model: nn.Module) -> None:
    """Write a model's parameters and buffers in the plain memory layout."""
    path.write_bytes(to_bytes(model.state_dict()))


def load_weights(content: bytes, path: Path, model: nn.Module, remedy: str = REMEDY) -> None:
    """Put what `save_weights` wrote into a model of the same shape.

    Args:
        content: of the file.
        path: it was read from, for errors.
        model: takes the weights.
        remedy: what to do if they are damaged.

    Raises:
        DamageError: if they are damaged, not finite or of another model.
    """
    tensors = fitting_tensors(content, path, model.state_dict(), remedy)
    model.load_state_dict(tensors)


def fitting_tensors(
    content: bytes, path: Path, expected: Mapping[str, Tensor], remedy: str = REMEDY
) -> dict[str, Tensor]:
    """Take every tensor out of the content of a safetensors file.

    Args:
        content: of the file.
        path: it was read from, for errors.
        expected: tensors of the same names, shapes and types.
        remedy: what to do if they are damaged.

    Raises:
        DamageError: if there are others, or one holds what is no finite number.
    """
    try:
        tensors = load(content)
    except (SafetensorError, ValueError, KeyError, TypeError, OverflowError, RuntimeError):
        reason = "not safetensors, or cut short" if content else "empty"
        raise damage(path, reason, remedy) from None
    other = _first_other(tensors, expected)
    if other:
        raise DamageError(f"{path} is of another model or version: {other}", remedy)
    for name, tensor in tensors.items():
        if not _is_finite(tensor) and _is_finite(expected[name]):  # a mask may be infinite
            raise damage(path, f"{name} holds what is not a finite number", remedy)
    return tensors


def to_bytes(tensors: dict[str, Tensor]) -> bytes:
    """Pack named tensors as safetensors, on the CPU and in the plain memory layout."""
    return save({name: value.contiguous().cpu() for name, value in tensors.items()})


def _is_finite(tensor: Tensor) -> bool:
    return bool(torch.isfinite(tensor).all())


def _first_other(tensors: Mapping[str, Tensor], expected: Mapping[str, Tensor]) -> str:
    """Name the first tensor that is not as expected; empty if all are."""
    for name in [*expected, *tensors]:
        if name not in tensors:
            return f"{name} is missing"
        if name not in expected:
            return f"{name} is none of its parts"
        there, here = tensors[name], expected[name]
        if there.shape != here.shape or there.dtype != here.dtype:
            return f"{name} is {_kind(there)} there and {_kind(here)} by the run's description"
    return ""


def _kind(tensor: Tensor) -> str:
    return f"{str(tensor.dtype).removeprefix('torch.')} {tuple(tensor.shape)}"
