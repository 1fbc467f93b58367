"""The fully connected pair of Higgins et al. 2017."""

from math import prod

from torch import nn

from unknot.models.layers import Linear
from unknot.models.networks import check_image_shape

HIDDEN = 1200


def mlp(image_shape: tuple[int, int, int], latent_dim: int) -> tuple[nn.Module, nn.Module]:
    """The fully connected pair of Higgins et al. 2017, table 1, row 2D shapes.

    The encoder has two hidden layers of 1200 with ReLU, the decoder three of 1200 with tanh; the
    paper has 64x64 pixels of one channel, where the pair has 6.4 and 7.8 million weights.

    Args:
        image_shape: channels (1 to 4), height, width; each side 28 or more.
        latent_dim: number of latents.

    Raises:
        UserError: for smaller images or more channels.
    """
    check_image_shape("mlp", image_shape)
    num_pixels = prod(image_shape)
    encoder = nn.Sequential(
        nn.Flatten(),
        Linear(num_pixels, HIDDEN),
        nn.ReLU(inplace=True),
        Linear(HIDDEN, HIDDEN),
        nn.ReLU(inplace=True),
        nn.Linear(HIDDEN, 2 * latent_dim),
    )
    decoder = nn.Sequential(
        nn.Linear(latent_dim, HIDDEN),
        nn.Tanh(),
        Linear(HIDDEN, HIDDEN),
        nn.Tanh(),
        Linear(HIDDEN, HIDDEN),
        nn.Tanh(),
        Linear(HIDDEN, num_pixels),
        nn.Unflatten(1, image_shape),
    )
    return encoder, decoder
