"""The convolutional pair of Locatello et al.: the paper's layers."""

import pytest
from torch import nn

from unknot.models.networks.locatello_conv import locatello_conv


def test_locatello_conv_has_the_papers_layers() -> None:
    encoder, decoder = locatello_conv((1, 64, 64), 10)
    down = [m for m in encoder.modules() if isinstance(m, nn.Conv2d)]
    assert [(m.out_channels, m.kernel_size[0]) for m in down] == [
        (32, 4),
        (32, 4),
        (64, 2),
        (64, 2),
    ]
    assert [m.out_features for m in encoder.modules() if isinstance(m, nn.Linear)] == [256, 20]
    up = [m for m in decoder.modules() if isinstance(m, nn.ConvTranspose2d)]
    assert [(m.out_channels, m.kernel_size[0]) for m in up] == [(64, 4), (32, 4), (32, 4), (1, 4)]
    dense = [m.out_features for m in decoder.modules() if isinstance(m, nn.Linear)]
    assert dense == [256, 4 * 4 * 64]
    assert all(m.stride == (2, 2) for m in (*down, *up))


def test_locatello_conv_has_the_papers_number_of_parameters() -> None:
    encoder = (1 * 32 * 16 + 32) + (32 * 32 * 16 + 32) + (32 * 64 * 4 + 64) + (64 * 64 * 4 + 64)
    encoder += (1024 * 256 + 256) + (256 * 20 + 20)
    decoder = (10 * 256 + 256) + (256 * 1024 + 1024)
    decoder += (64 * 64 * 16 + 64) + (64 * 32 * 16 + 32) + (32 * 32 * 16 + 32) + (32 * 16 + 1)
    pair = locatello_conv((1, 64, 64), 10)
    assert [sum(p.numel() for p in m.parameters()) for m in pair] == [encoder, decoder]


@pytest.mark.parametrize(("size", "num_stages"), [(32, 3), (64, 4), (128, 5)])
def test_the_last_two_kernels_of_the_encoder_are_small_at_every_size(
    size: int, num_stages: int
) -> None:
    encoder, decoder = locatello_conv((3, size, size), 10)
    kernels = [m.kernel_size[0] for m in encoder.modules() if isinstance(m, nn.Conv2d)]
    assert kernels == [4] * (num_stages - 2) + [2, 2]
    assert sum(isinstance(m, nn.ConvTranspose2d) for m in decoder.modules()) == num_stages
