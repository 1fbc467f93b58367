"""Where a model computes, and how pixels come there."""

import warnings

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unknot.common.errors import UserError
from unknot.common.machine import processor

LARGEST_SHARE = 8  # of a GPU's memory images may take an eighth: others may be training on it


def choose_device(name: str = "auto") -> torch.device:
    """Find a device; `auto` takes a GPU where there is one, otherwise any that torch computes on.

    From then on this process's convolutions in single precision are computed in it on a GPU too:
    torch's default there, TensorFloat-32, has three decimal digits, and codes would show it.

    Raises:
        UserError: if nothing can be computed there.
    """
    torch.backends.cudnn.allow_tf32 = False
    if name == "auto":
        mps = torch.backends.mps.is_available()
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if mps else "cpu")
    device = _computing_device(name)
    if device is None:
        raise UserError(f"device {name!r} is not available here; try cpu or auto")
    return device


def is_available(name: str) -> bool:
    """Whether something can be computed on a device, which is named as torch does."""
    return _computing_device(name) is not None


def hardware_text(device: torch.device) -> str:
    """Name what computes there: `cpu` and the processor, or `cuda` and the GPU."""
    if device.type == "cuda":
        return f"cuda {torch.cuda.get_device_name(device)}"
    return f"{device.type} {processor()}"


def _computing_device(name: str) -> torch.device | None:
    """Find a device by its name; None if nothing can be computed there."""
    try:
        with warnings.catch_warnings():  # names that torch no longer knows
            warnings.simplefilter("ignore")
            asked = torch.device(name)
            number = torch.ones(1, device=asked)
        is_there = number.item() == 1 and not (asked.type == "cpu" and asked.index)  # there is one
    except (RuntimeError, AssertionError, ImportError):
        return None
    return number.device if is_there else None


def send_to_device(tensor: Tensor, device: torch.device) -> Tensor:
    """Copy a tensor from the processor's memory, without waiting for what a GPU is computing.

    Args:
        tensor: on the CPU.
        device: where it goes; a CPU leaves it as it is.
    """
    if device.type != "cuda":
        return tensor.to(device)
    return tensor.pin_memory().to(device, non_blocking=True)


def gather_images(
    images: NDArray[np.uint8] | Tensor, indices: NDArray[np.integer], device: torch.device
) -> Tensor:
    """Gather images, uint8 of shape `(len(indices), channel, height, width)`.

    Args:
        images: the memory map, or what `cache_on_device` gave.
        indices: which.
        device: where they go.
    """
    if isinstance(images, Tensor):
        return images[send_to_device(torch.from_numpy(indices), images.device)]
    return send_to_device(torch.from_numpy(images[indices]), device)


def cache_on_device(images: NDArray[np.uint8], device: torch.device) -> NDArray[np.uint8] | Tensor:
    """Copy all pixels to a GPU's memory if they fit into half of what is free and an eighth of all.

    Returns:
        The copy, or `images` as they are.
    """
    if device.type != "cuda":
        return images
    free, total = torch.cuda.mem_get_info(device)
    if images.nbytes > min(free // 2, total // LARGEST_SHARE):
        return images
    return torch.from_numpy(np.array(images)).to(device)
