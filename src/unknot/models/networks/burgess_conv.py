"""The convolutional pair of Burgess et al. 2018."""

from torch import nn

from unknot.models.layers import Convolution, Linear, TransposedConvolution
from unknot.models.networks import check_image_shape

NUM_STAGES = {32: 3, 64: 4, 128: 5}
"""Convolutions by image size: one fewer or more than the paper's four at 64."""

CHANNELS = 32
HIDDEN = 256
SMALLEST = 4  # the side of the last feature map
FLAT = CHANNELS * SMALLEST**2


def burgess_conv(image_shape: tuple[int, int, int], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """The convolutional pair of Burgess et al. 2018, "Understanding disentangling in beta-VAE".

    As the appendix on the model's architecture says: four 4x4 convolutions of stride 2 with 32
    channels each, two fully connected layers of 256, ReLU throughout; the decoder is the transpose.
    The paper has images of 64 pixels; with 32 pixels there are three convolutions, as widespread
    implementations have it, and with 128 there are five, so that the last feature map is always
    4x4.

    Args:
        image_shape: channels, height, width; the sides 32, 64 or 128.
        latent_dim: number of latents.

    Raises:
        UserError: for another size.
    """
    check_image_shape("burgess_conv", image_shape)
    channels, size, _ = image_shape
    num_more = NUM_STAGES[size] - 1

    down: list[nn.Module] = [Convolution(channels, CHANNELS), nn.ReLU(inplace=True)]
    up: list[nn.Module] = []
    for _ in range(num_more):
        down += [Convolution(CHANNELS, CHANNELS), nn.ReLU(inplace=True)]
        up += [TransposedConvolution(CHANNELS, CHANNELS), nn.ReLU(inplace=True)]
    encoder = nn.Sequential(
        *down,
        nn.Flatten(),
        Linear(FLAT, HIDDEN),
        nn.ReLU(inplace=True),
        Linear(HIDDEN, HIDDEN),
        nn.ReLU(inplace=True),
        nn.Linear(HIDDEN, 2 * latent_dim),
    )
    decoder = nn.Sequential(
        nn.Linear(latent_dim, HIDDEN),
        nn.ReLU(inplace=True),
        Linear(HIDDEN, HIDDEN),
        nn.ReLU(inplace=True),
        Linear(HIDDEN, FLAT),
        nn.ReLU(inplace=True),
        nn.Unflatten(1, (CHANNELS, SMALLEST, SMALLEST)),
        *up,
        TransposedConvolution(CHANNELS, channels),
    )
    return encoder, decoder
