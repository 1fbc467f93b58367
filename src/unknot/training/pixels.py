"""Batches of pixels: gathered from the memory map, or from a GPU's memory where all of them fit."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def gather(
    images: NDArray[np.uint8] | Tensor, indices: NDArray[np.integer], device: torch.device
) -> Tensor:
    """Gather images, uint8 of shape `(len(indices), channel, height, width)`.

    Args:
        images: the memory map, or what `resident` gave.
        indices: which.
        device: where they go.
    """
    if isinstance(images, Tensor):
        return images[torch.from_numpy(indices).to(images.device)]
    return torch.from_numpy(images[indices]).to(device)


def resident(images: NDArray[np.uint8], device: torch.device) -> NDArray[np.uint8] | Tensor:
    """All pixels in a GPU's memory if they take at most half of what is free; else as they are."""
    if device.type != "cuda" or 2 * images.nbytes > torch.cuda.mem_get_info(device)[0]:
        return images
    return torch.from_numpy(np.array(images)).to(device)
