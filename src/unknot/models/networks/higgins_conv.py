"""The convolutional pair of Higgins et al. 2017."""

from math import prod

from torch import nn

from unknot.models.layers import Convolution, Linear, TransposedConvolution
from unknot.models.map_layers import num_halvings
from unknot.models.networks import check_image_shape

HIDDEN = 256
FIRST, LAST = 32, 64  # channels of the first stages, and of the last two


def higgins_conv(image_shape: tuple[int, int, int], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """The convolutional pair of Higgins et al. 2017, table 1, row CelebA.

    Four 4x4 convolutions of stride 2 (32, 32, 64, 64 channels), a hidden layer of 256, ReLU
    throughout; the decoder is the reverse. The paper has images of 64 pixels; there are as many
    stages as leave the shorter side 4 to 7 pixels, all before the last two with 32 channels.

    Args:
        image_shape: channels, height, width; the sides multiples of 32, up to 256.
        latent_dim: number of latents.

    Raises:
        UserError: for another size.
    """
    check_image_shape("higgins_conv", image_shape)
    channels, height, width = image_shape
    num_stages = num_halvings(height, width)
    stages = (FIRST,) * (num_stages - 2) + (LAST, LAST)
    last_map = LAST, height >> num_stages, width >> num_stages

    encoder = higgins_encoder(image_shape, latent_dim)
    up: list[nn.Module] = []
    for before, after in zip(stages[::-1], (*stages[-2::-1], channels)):
        up += [nn.ReLU(inplace=True), TransposedConvolution(before, after)]
    decoder = nn.Sequential(
        nn.Linear(latent_dim, HIDDEN),
        nn.ReLU(inplace=True),
        Linear(HIDDEN, prod(last_map)),
        nn.Unflatten(1, last_map),
        *up,
    )
    return encoder, decoder


def higgins_encoder(image_shape: tuple[int, int, int], latent_dim: int) -> nn.Sequential:
    """Build the encoder, which takes any sides from 28 on; odd maps are halved and rounded down.

    Args:
        image_shape: channels, height, width.
        latent_dim: number of latents.
    """
    channels, height, width = image_shape
    num_stages = num_halvings(height, width)
    stages = (FIRST,) * (num_stages - 2) + (LAST, LAST)
    last_map = LAST, height >> num_stages, width >> num_stages

    down: list[nn.Module] = []
    for before, after in zip((channels, *stages), stages):
        down += [Convolution(before, after), nn.ReLU(inplace=True)]
    return nn.Sequential(
        *down,
        nn.Flatten(),
        Linear(prod(last_map), HIDDEN),
        nn.ReLU(inplace=True),
        nn.Linear(HIDDEN, 2 * latent_dim),
    )
