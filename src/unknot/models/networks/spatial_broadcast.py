"""The pair of Watters et al. 2019: a code at every pixel, beside the pixel's place."""

from itertools import pairwise

from torch import nn

from unknot.models.layers import SameConvolution, UpsampledConvolution
from unknot.models.map_layers import Broadcast, Crop
from unknot.models.networks import check_image_shape
from unknot.models.networks.higgins_conv import higgins_encoder

HIDDEN = 256
FIRST, LAST = 32, 64  # channels of the encoder's first stages, and of its last two
CHANNELS = 64  # of the map that the code is broadcast to, as in the paper
NUM_CONVOLUTIONS = 3  # of that map
LARGER = 32  # channels of the larger maps
LARGEST_SIDE = 16  # of the two, the shorter one


def spatial_broadcast(
    image_shape: tuple[int, int, int], latent_dim: int
) -> tuple[nn.Module, nn.Module]:
    """The spatial broadcast decoder of Watters et al. 2019, with the encoder of `higgins_conv`.

    The code stands at every pixel of a map, beside the pixel's row and column, and three 3x3
    convolutions of stride 1 and 64 channels make a picture of it: the network need not learn where
    a pixel is. The paper's map has the image's size, where the same convolutions cost 16 times as
    much at 64 pixels. Here the image's sides are halved until the shorter has at most 16, and after
    those three the map is doubled as often, by 3x3 convolutions after each pixel was repeated
    (docs/log.md has what else was tried). What goes beyond the image is cut off, so that any size
    is taken.

    Args:
        image_shape: channels, height, width; each side 28 or more.
        latent_dim: number of latents.

    Raises:
        UserError: for smaller images.
    """
    check_image_shape("spatial_broadcast", image_shape)
    channels, height, width = image_shape
    num_doublings = _num_doublings(height, width)
    grid = -(-height >> num_doublings), -(-width >> num_doublings)

    encoder = higgins_encoder(image_shape, latent_dim)
    first = SameConvolution(latent_dim + 2, CHANNELS)
    decoder: list[nn.Module] = [Broadcast(*grid), first]
    for _ in range(NUM_CONVOLUTIONS - 1):
        decoder += [nn.ReLU(inplace=True), SameConvolution(CHANNELS, CHANNELS)]
    for before, after in pairwise((CHANNELS, *[LARGER] * (num_doublings - 1), channels)):
        decoder += [nn.ReLU(inplace=True), UpsampledConvolution(before, after)]
    return encoder, nn.Sequential(*decoder, Crop(height, width))


def _num_doublings(height: int, width: int) -> int:
    """How often the map is doubled until it has the image's size."""
    return (-(-min(height, width) // LARGEST_SIDE) - 1).bit_length()
