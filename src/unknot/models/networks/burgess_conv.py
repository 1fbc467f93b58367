"""The convolutional pair of Burgess et al. 2018."""

from math import prod

from torch import nn

from unknot.models.layers import Convolution, Linear, TransposedConvolution
from unknot.models.map_layers import num_halvings
from unknot.models.networks import check_image_shape

CHANNELS = 32
HIDDEN = 256


def burgess_conv(image_shape: tuple[int, int, int], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """The convolutional pair of Burgess et al. 2018, "Understanding disentangling in beta-VAE".

    As the appendix on the model's architecture says: four 4x4 convolutions of stride 2 with 32
    channels each, two fully connected layers of 256, ReLU throughout; the decoder is the transpose.
    The paper has images of 64 pixels. There are as many convolutions as leave the shorter side 4 to
    7 pixels: three with 32 pixels, as widespread implementations have it, six with 256.

    Args:
        image_shape: channels, height, width; the sides multiples of 32, up to 256.
        latent_dim: number of latents.

    Raises:
        UserError: for another size.
    """
    check_image_shape("burgess_conv", image_shape)
    channels, height, width = image_shape
    num_stages = num_halvings(height, width)
    last_map = CHANNELS, height >> num_stages, width >> num_stages

    down: list[nn.Module] = [Convolution(channels, CHANNELS), nn.ReLU(inplace=True)]
    up: list[nn.Module] = []
    for _ in range(num_stages - 1):
        down += [Convolution(CHANNELS, CHANNELS), nn.ReLU(inplace=True)]
        up += [TransposedConvolution(CHANNELS, CHANNELS), nn.ReLU(inplace=True)]
    encoder = nn.Sequential(
        *down,
        nn.Flatten(),
        Linear(prod(last_map), HIDDEN),
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
        Linear(HIDDEN, prod(last_map)),
        nn.ReLU(inplace=True),
        nn.Unflatten(1, last_map),
        *up,
        TransposedConvolution(CHANNELS, channels),
    )
    return encoder, decoder
