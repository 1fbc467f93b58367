"""The convolutional pair of Locatello et al. 2019."""

from torch import nn

from unknot.models.layers import Convolution, Linear, TransposedConvolution
from unknot.models.networks import check_image_shape

ENCODER = {
    32: ((32, 4), (64, 2), (64, 2)),
    64: ((32, 4), (32, 4), (64, 2), (64, 2)),
    128: ((32, 4), (32, 4), (32, 4), (64, 2), (64, 2)),
}
"""Channels and kernel of each stride-2 convolution by image size: the paper has 64."""

DECODER = {32: (64, 32), 64: (64, 32, 32), 128: (64, 32, 32, 32)}
"""Channels of each transposed convolution before the last one."""

HIDDEN = 256
SMALLEST = 4  # the side of the last feature map
LAST = 64  # channels of the last feature map
FLAT = LAST * SMALLEST**2


def locatello_conv(
    image_shape: tuple[int, int, int], latent_dim: int
) -> tuple[nn.Module, nn.Module]:
    """The convolutional pair of Locatello et al. 2019, "Challenging common assumptions".

    As the paper's table of architectures and its code have it: convolutions of stride 2 with
    32 and 32 channels of 4x4 kernels, then 64 and 64 of 2x2 kernels, a hidden layer of 256, ReLU
    throughout. The decoder has layers of 256 and 4x4x64, then transposed convolutions of 64, 32, 32
    channels and the image's, all of 4x4 kernels. The paper has images of 64 pixels; for 32 pixels
    a stage of 32 channels is left out, for 128 there is one more.

    Args:
        image_shape: channels, height, width; the sides 32, 64 or 128.
        latent_dim: number of latents.

    Raises:
        UserError: for another size.
    """
    check_image_shape("locatello_conv", image_shape)
    channels, size, _ = image_shape

    down: list[nn.Module] = []
    before = channels
    for after, kernel in ENCODER[size]:
        down += [Convolution(before, after, kernel), nn.ReLU(inplace=True)]
        before = after
    encoder = nn.Sequential(
        *down,
        nn.Flatten(),
        Linear(FLAT, HIDDEN),
        nn.ReLU(inplace=True),
        nn.Linear(HIDDEN, 2 * latent_dim),
    )
    up: list[nn.Module] = []
    before = LAST
    for after in (*DECODER[size], channels):
        up += [nn.ReLU(inplace=True), TransposedConvolution(before, after)]
        before = after
    decoder = nn.Sequential(
        nn.Linear(latent_dim, HIDDEN),
        nn.ReLU(inplace=True),
        Linear(HIDDEN, FLAT),
        nn.Unflatten(1, (LAST, SMALLEST, SMALLEST)),
        *up,
    )
    return encoder, decoder
