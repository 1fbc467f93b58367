"""The convolutional pair of Higgins et al. 2017."""

from torch import nn

from unknot.models.layers import Convolution, Linear, TransposedConvolution
from unknot.models.networks import check_image_shape

CHANNELS = {32: (32, 64, 64), 64: (32, 32, 64, 64), 128: (32, 32, 32, 64, 64)}
"""Channels of each stride-2 stage by image size: one stage fewer or more than the paper's 64."""

HIDDEN = 256
SMALLEST = 4  # the side of the last feature map


def higgins_conv(image_shape: tuple[int, int, int], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """The convolutional pair of Higgins et al. 2017, table 1, row CelebA.

    Four 4x4 convolutions of stride 2 (32, 32, 64, 64 channels), a hidden layer of 256, ReLU
    throughout; the decoder is the reverse.

    Args:
        image_shape: channels, height, width; the sides 32, 64 or 128.
        latent_dim: number of latents.

    Raises:
        UserError: for another size.
    """
    check_image_shape("higgins_conv", image_shape)
    channels, size, _ = image_shape
    stages = CHANNELS[size]
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
        nn.Linear(latent_dim, HIDDEN),
        nn.ReLU(inplace=True),
        Linear(HIDDEN, flat),
        nn.Unflatten(1, (stages[-1], SMALLEST, SMALLEST)),
        *up,
    )
    return encoder, decoder
