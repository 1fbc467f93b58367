"""The small residual pair: its blocks, and images of any size."""

import pytest
import torch
from torch import nn

from unknot.common.errors import UserError
from unknot.models.layers import SameConvolution, UpsampledConvolution
from unknot.models.map_layers import Residual
from unknot.models.networks.small_residual import small_residual


@pytest.mark.parametrize(
    ("size", "num_stages", "num_blocks"), [(28, 2, 2), (64, 4, 3), (256, 6, 3)]
)
def test_each_of_the_three_smallest_maps_has_a_block(
    size: int, num_stages: int, num_blocks: int
) -> None:
    encoder, decoder = small_residual((3, size, size), 10)
    for network in (encoder, decoder):
        assert sum(isinstance(m, Residual) for m in network.modules()) == num_blocks
        assert sum(isinstance(m, SameConvolution) for m in network.modules()) == 2 * num_blocks
    assert sum(m.stride == (2, 2) for m in encoder if isinstance(m, nn.Conv2d)) == num_stages  # type: ignore[union-attr]
    assert sum(isinstance(m, UpsampledConvolution) for m in decoder.modules()) == num_stages


def test_it_has_the_number_of_parameters_of_its_layers() -> None:
    down = (3 * 32 * 16 + 32) + (32 * 32 * 16 + 32) + (32 * 64 * 16 + 64) + (64 * 64 * 16 + 64)
    up = (64 * 64 * 9 + 64) + (64 * 32 * 9 + 32) + (32 * 32 * 9 + 32) + (32 * 3 * 9 + 3)
    blocks = 2 * (32 * 32 * 9 + 32) + 4 * (64 * 64 * 9 + 64)
    encoder = down + blocks + (1024 * 256 + 256) + (256 * 20 + 20)
    decoder_blocks = 4 * (64 * 64 * 9 + 64) + 2 * (32 * 32 * 9 + 32)
    decoder = (10 * 256 + 256) + (256 * 1024 + 1024) + decoder_blocks + up
    pair = small_residual((3, 64, 64), 10)
    assert [sum(p.numel() for p in m.parameters()) for m in pair] == [encoder, decoder]


def test_no_normalization_is_in_it() -> None:
    names = {type(m).__name__ for m in nn.ModuleList(small_residual((1, 33, 61), 2)).modules()}
    assert not [name for name in names if "Norm" in name]


def test_the_image_is_the_middle_of_what_the_decoder_makes() -> None:
    torch.manual_seed(0)
    _, decoder = small_residual((1, 33, 61), 2)
    z = torch.randn(3, 2)
    whole = decoder[:-1](z)  # type: ignore[index]
    assert whole.shape == (3, 1, 40, 64)
    assert torch.equal(decoder(z), whole[:, :, 3:36, 1:62])


def test_smaller_images_are_refused() -> None:
    with pytest.raises(UserError, match="small_residual takes images of any size from 28 pixels"):
        small_residual((3, 27, 64), 4)
