"""The convolutional pair of Burgess et al.: the paper's layers."""

import pytest
from torch import nn

from unknot.models.networks.burgess_conv import burgess_conv


def test_burgess_conv_has_the_papers_layers() -> None:
    encoder, decoder = burgess_conv((3, 64, 64), 10)
    down = [m for m in encoder.modules() if isinstance(m, nn.Conv2d)]
    assert [m.out_channels for m in down] == [32] * 4
    assert [m.out_features for m in encoder.modules() if isinstance(m, nn.Linear)] == [256, 256, 20]
    up = [m for m in decoder.modules() if isinstance(m, nn.ConvTranspose2d)]
    assert [m.out_channels for m in up] == [32, 32, 32, 3]
    dense = [m.out_features for m in decoder.modules() if isinstance(m, nn.Linear)]
    assert dense == [256, 256, 512]
    assert all(m.kernel_size == (4, 4) and m.stride == (2, 2) for m in (*down, *up))


def test_burgess_conv_has_the_papers_number_of_parameters() -> None:
    convolutions = 3 * (32 * 32 * 16 + 32)
    encoder = (3 * 32 * 16 + 32) + convolutions
    encoder += (512 * 256 + 256) + (256 * 256 + 256) + (256 * 20 + 20)
    decoder = (10 * 256 + 256) + (256 * 256 + 256) + (256 * 512 + 512)
    decoder += convolutions + (32 * 3 * 16 + 3)
    pair = burgess_conv((3, 64, 64), 10)
    assert [sum(p.numel() for p in m.parameters()) for m in pair] == [encoder, decoder]


@pytest.mark.parametrize(("size", "num_stages"), [(32, 3), (64, 4), (128, 5)])
def test_burgess_conv_has_a_stage_for_each_halving_down_to_four_pixels(
    size: int, num_stages: int
) -> None:
    encoder, decoder = burgess_conv((1, size, size), 10)
    assert sum(isinstance(m, nn.Conv2d) for m in encoder.modules()) == num_stages
    assert sum(isinstance(m, nn.ConvTranspose2d) for m in decoder.modules()) == num_stages
