"""Encoder and decoder pairs.

An encoder maps standardised images `(batch, channel, height, width)` to `(batch, 2 * latent_dim)`:
posterior means, then log variances. A decoder maps `(batch, latent_dim)` to the images' shape.
"""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from unknot.model.layers import Convolution, Linear, TransposedConvolution


class Networks(NamedTuple):
    """An encoder and its decoder."""

    encoder: nn.Module
    decoder: nn.Module


NetworkBuilder = Callable[[tuple[int, int, int], int], tuple[nn.Module, nn.Module]]
"""Called with the image's `(channel, height, width)` and `latent_dim`."""

CHANNELS = {32: (32, 64, 64), 64: (32, 32, 64, 64), 128: (32, 32, 32, 64, 64)}
"""Channels of each stride-2 stage by image size: one stage fewer or more than the paper's 64."""

HIDDEN = 256
SMALLEST = 4  # the side of the last feature map


def higgins_conv(image_shape: tuple[int, int, int], latent_dim: int) -> Networks:
    """The convolutional pair of Higgins et al. 2017, table 1, row CelebA.

    Four 4x4 convolutions of stride 2 (32, 32, 64, 64 channels), a hidden layer of 256, ReLU
    throughout; the decoder is the reverse.

    Args:
        image_shape: channels, height, width; the sides 32, 64 or 128.
        latent_dim: number of latents.

    Raises:
        ValueError: for another size.
    """
    channels, height, width = image_shape
    if height != width or height not in CHANNELS:
        raise ValueError(f"higgins_conv takes 32, 64 or 128 pixels squared, not {height}x{width}")
    stages = CHANNELS[height]
    flat = stages[-1] * SMALLEST**2

    down: list[nn.Module] = []
    for before, after in zip((channels, *stages), stages):
        down += [Convolution(before, after), nn.ReLU(inplace=True)]
    encoder = nn.Sequential(
        *down,
        nn.Flatten(),
        Linear(flat, HIDDEN),
        nn.ReLU(inplace=True),
        nn.Linear(HIDDEN, 2 * latent_dim),
    )
    up: list[nn.Module] = []
    for before, after in zip(stages[::-1], (*stages[-2::-1], channels)):
        up += [nn.ReLU(inplace=True), TransposedConvolution(before, after)]
    decoder = nn.Sequential(
        *(nn.Linear(latent_dim, HIDDEN), nn.ReLU(inplace=True), Linear(HIDDEN, flat)),
        *(nn.Unflatten(1, (stages[-1], SMALLEST, SMALLEST)), *up),
    )
    return Networks(encoder, decoder)


class LinearEncoder(nn.Module):
    """Posterior means linear in the image; one log variance per latent, the same for all images."""

    def __init__(self, num_inputs: int, latent_dim: int) -> None:
        super().__init__()
        self.mean = nn.Linear(num_inputs, latent_dim)
        self.logvar = nn.Parameter(torch.zeros(latent_dim))

    def forward(self, images: Tensor) -> Tensor:
        """Images `(batch, ...)` to means and log variances, `(batch, 2 * latent_dim)`."""
        mean = self.mean(images.flatten(1))
        return torch.cat([mean, self.logvar.expand_as(mean)], dim=1)


def linear(image_shape: tuple[int, int, int], latent_dim: int) -> Networks:
    """A linear pair, whose optimum is known in closed form (probabilistic PCA).

    Args:
        image_shape: channels, height, width; any.
        latent_dim: number of latents.
    """
    num_pixels = image_shape[0] * image_shape[1] * image_shape[2]
    decoder = nn.Sequential(nn.Linear(latent_dim, num_pixels), nn.Unflatten(1, image_shape))
    return Networks(LinearEncoder(num_pixels, latent_dim), decoder)


NETWORKS: dict[str, NetworkBuilder] = {"higgins_conv": higgins_conv, "linear": linear}
"""Name -> builder of an encoder and decoder pair."""
