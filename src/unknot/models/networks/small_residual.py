"""A small residual pair for photographs."""

from math import prod

from torch import nn

from unknot.models.layers import Convolution, Linear, SameConvolution, UpsampledConvolution
from unknot.models.map_layers import Crop, Residual, num_halvings
from unknot.models.networks import check_image_shape

HIDDEN = 256
FIRST, LAST = 32, 64  # channels of the first stages, and of the last two
NUM_BLOCKS = 3


def small_residual(
    image_shape: tuple[int, int, int], latent_dim: int
) -> tuple[nn.Module, nn.Module]:
    """A small residual pair for photographs, after He et al. 2016 ("Identity mappings").

    The stages of `higgins_conv`, with a residual block of two 3x3 convolutions (ReLU first, no
    normalization) at each of the three smallest maps, where it costs least. The decoder enlarges by
    repeating pixels before a 3x3 convolution, which leaves no checkerboard (Odena et al. 2016).

    The encoder's maps are halved and rounded down. The decoder starts from a map rounded up, and
    what it gives beyond the image is cut off, so that any size is taken.

    Args:
        image_shape: channels, height, width; each side 28 or more.
        latent_dim: number of latents.

    Raises:
        UserError: for smaller images.
    """
    check_image_shape("small_residual", image_shape)
    channels, height, width = image_shape
    num_stages = num_halvings(height, width)
    stages = (FIRST,) * (num_stages - 2) + (LAST, LAST)
    last_map = LAST, height >> num_stages, width >> num_stages
    first_map = LAST, -(-height >> num_stages), -(-width >> num_stages)
    has_block = [stage >= num_stages - NUM_BLOCKS for stage in range(num_stages)]

    down: list[nn.Module] = []
    for before, after, block in zip((channels, *stages), stages, has_block):
        down += [Convolution(before, after), *([_block(after)] if block else []), nn.ReLU()]
    encoder = nn.Sequential(
        *down,
        nn.Flatten(),
        Linear(prod(last_map), HIDDEN),
        nn.ReLU(inplace=True),
        nn.Linear(HIDDEN, 2 * latent_dim),
    )
    up: list[nn.Module] = []
    for before, after, block in zip(stages[::-1], (*stages[-2::-1], channels), has_block[::-1]):
        up += [*([_block(before)] if block else []), nn.ReLU(), UpsampledConvolution(before, after)]
    decoder = nn.Sequential(
        nn.Linear(latent_dim, HIDDEN),
        nn.ReLU(inplace=True),
        Linear(HIDDEN, prod(first_map)),
        nn.Unflatten(1, first_map),
        *up,
        Crop(height, width),
    )
    return encoder, decoder


def _block(channels: int) -> Residual:
    return Residual(
        nn.ReLU(),
        SameConvolution(channels, channels),
        nn.ReLU(inplace=True),
        SameConvolution(channels, channels),
    )
