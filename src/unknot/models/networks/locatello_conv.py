"""The convolutional pair of Locatello et al. 2019."""

from math import prod

from torch import nn

from unknot.models.layers import Convolution, Linear, TransposedConvolution
from unknot.models.map_layers import num_halvings
from unknot.models.networks import check_image_shape

HIDDEN = 256
FIRST, LAST = 32, 64  # channels of the first stages, and of the last two
KERNEL, LAST_KERNEL = 4, 2  # likewise, in the encoder


def locatello_conv(
    image_shape: tuple[int, int, int], latent_dim: int
) -> tuple[nn.Module, nn.Module]:
    """The convolutional pair of Locatello et al. 2019, "Challenging common assumptions".

    As the paper's table of architectures and its code have it: convolutions of stride 2 with
    32 and 32 channels of 4x4 kernels, then 64 and 64 of 2x2 kernels, a hidden layer of 256, ReLU
    throughout. The decoder has layers of 256 and 4x4x64, then transposed convolutions of 64, 32, 32
    channels and the image's, all of 4x4 kernels. The paper has images of 64 pixels; others have
    more or fewer stages of 32 channels, so that the last map's shorter side has 4 to 7 pixels.

    Args:
        image_shape: channels, height, width; the sides multiples of 32, up to 256.
        latent_dim: number of latents.

    Raises:
        UserError: for another size.
    """
    check_image_shape("locatello_conv", image_shape)
    channels, height, width = image_shape
    num_first = num_halvings(height, width) - 2
    last_map = LAST, height >> num_first + 2, width >> num_first + 2

    down: list[nn.Module] = []
    before = channels
    for after, kernel in [(FIRST, KERNEL)] * num_first + [(LAST, LAST_KERNEL)] * 2:
        down += [Convolution(before, after, kernel), nn.ReLU(inplace=True)]
        before = after
    encoder = nn.Sequential(
        *down,
        nn.Flatten(),
        Linear(prod(last_map), HIDDEN),
        nn.ReLU(inplace=True),
        nn.Linear(HIDDEN, 2 * latent_dim),
    )
    up: list[nn.Module] = []
    before = LAST
    for after in (LAST, *[FIRST] * num_first, channels):
        up += [nn.ReLU(inplace=True), TransposedConvolution(before, after)]
        before = after
    decoder = nn.Sequential(
        nn.Linear(latent_dim, HIDDEN),
        nn.ReLU(inplace=True),
        Linear(HIDDEN, prod(last_map)),
        nn.Unflatten(1, last_map),
        *up,
    )
    return encoder, decoder
