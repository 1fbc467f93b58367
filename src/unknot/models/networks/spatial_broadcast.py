"""The pair of Watters et al. 2019: a code at every pixel, beside the pixel's place."""

from math import prod

from torch import nn

from unknot.models.layers import Convolution, Linear, SameConvolution, UpsampledConvolution
from unknot.models.map_layers import Broadcast, Crop, num_halvings
from unknot.models.networks import check_image_shape

HIDDEN = 256
FIRST, LAST = 32, 64  # channels of the encoder's first stages, and of its last two
CHANNELS = 32  # of the decoder; the paper has 64
NUM_CONVOLUTIONS = 3  # of the decoder, before the one that gives the image
LARGEST_GRID = 64  # sides of the map that the code is broadcast to


def spatial_broadcast(
    image_shape: tuple[int, int, int], latent_dim: int
) -> tuple[nn.Module, nn.Module]:
    """The spatial broadcast decoder of Watters et al. 2019, with the encoder of `higgins_conv`.

    The code stands at every pixel, beside the pixel's row and column, and convolutions of stride 1
    make the image of it: the network need not learn where a pixel is. At full size that is costly.
    There are 32 channels, half of the paper's, and three 3x3 convolutions before the last; and an
    image with a side above 64 pixels is made at a half or a quarter of its size by those, then
    doubled by convolutions after each pixel was repeated. What goes beyond the image is cut off, so
    that any size is taken.

    Args:
        image_shape: channels, height, width; each side 28 or more.
        latent_dim: number of latents.

    Raises:
        UserError: for smaller images.
    """
    check_image_shape("spatial_broadcast", image_shape)
    channels, height, width = image_shape
    num_stages = num_halvings(height, width)
    stages = (FIRST,) * (num_stages - 2) + (LAST, LAST)
    last_map = LAST, height >> num_stages, width >> num_stages
    num_doublings = _num_doublings(height, width)
    grid = -(-height >> num_doublings), -(-width >> num_doublings)

    down: list[nn.Module] = []
    for before, after in zip((channels, *stages), stages):
        down += [Convolution(before, after), nn.ReLU(inplace=True)]
    encoder = nn.Sequential(
        *down,
        nn.Flatten(),
        Linear(prod(last_map), HIDDEN),
        nn.ReLU(inplace=True),
        nn.Linear(HIDDEN, 2 * latent_dim),
    )
    decoder: list[nn.Module] = [Broadcast(*grid)]
    inputs = (latent_dim + 2, *[CHANNELS] * NUM_CONVOLUTIONS)
    for before in inputs[:-1]:
        decoder += [SameConvolution(before, CHANNELS), nn.ReLU(inplace=True)]
    for _ in range(num_doublings - 1):
        decoder += [UpsampledConvolution(CHANNELS, CHANNELS), nn.ReLU(inplace=True)]
    last = UpsampledConvolution if num_doublings else SameConvolution
    return encoder, nn.Sequential(*decoder, last(CHANNELS, channels), Crop(height, width))


def _num_doublings(height: int, width: int) -> int:
    """How often the grid is doubled until it has the image's size."""
    return (-(-max(height, width) // LARGEST_GRID) - 1).bit_length()
