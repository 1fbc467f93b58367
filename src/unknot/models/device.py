"""Where a model computes, and how pixels come there."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unknot.common.errors import UserError


def choose_device(name: str = "auto") -> torch.device:
    """Find a device; `auto` takes a GPU where there is one, otherwise any name that torch knows.

    Raises:
        UserError: if torch does not know the name.
    """
    if name == "auto":
        mps = torch.backends.mps.is_available()
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if mps else "cpu")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError, NotImplementedError):
        raise UserError(f"device {name!r} is not available here; try cpu or auto") from None


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
        return images[torch.from_numpy(indices).to(images.device)]
    return torch.from_numpy(images[indices]).to(device)


def cache_on_device(images: NDArray[np.uint8], device: torch.device) -> NDArray[np.uint8] | Tensor:
    """Copy all pixels to a GPU's memory if they take at most half of what is free.

    Returns:
        The copy, or `images` as they are.
    """
    if device.type != "cuda" or 2 * images.nbytes > torch.cuda.mem_get_info(device)[0]:
        return images
    return torch.from_numpy(np.array(images)).to(device)
