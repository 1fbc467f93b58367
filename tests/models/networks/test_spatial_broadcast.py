"""The spatial broadcast pair: what a pixel sees."""

import pytest
import torch
from torch import nn

from unknot.common.errors import UserError
from unknot.models.layers import SameConvolution, UpsampledConvolution
from unknot.models.map_layers import Broadcast
from unknot.models.networks.spatial_broadcast import spatial_broadcast


@pytest.mark.parametrize(
    ("size", "grid", "num_doublings"),
    [
        ((28, 28), (14, 14), 1),
        ((64, 64), (16, 16), 2),
        ((33, 61), (9, 16), 2),
        ((96, 128), (12, 16), 3),
        ((250, 28), (125, 14), 1),
        ((256, 256), (16, 16), 4),
    ],
)
def test_the_shorter_side_of_the_map_has_at_most_sixteen_pixels(
    size: tuple[int, int], grid: tuple[int, int], num_doublings: int
) -> None:
    _, decoder = spatial_broadcast((3, *size), 4)
    assert isinstance(decoder, nn.Sequential)
    assert isinstance(decoder[0], Broadcast)
    assert decoder[0].places.shape[2:] == grid
    assert sum(isinstance(m, UpsampledConvolution) for m in decoder) == num_doublings
    assert sum(isinstance(m, SameConvolution) for m in decoder) == 3


def test_a_pixel_away_from_the_border_depends_on_code_and_place_alone() -> None:
    torch.manual_seed(0)
    _, decoder = spatial_broadcast((1, 64, 64), 3)
    assert isinstance(decoder, nn.Sequential)
    assert isinstance(decoder[0], Broadcast)
    z = torch.randn(2, 3)
    images = decoder(z)
    decoder[0].places.zero_()
    blank = decoder(z)[:, 0, 16:-16, 16:-16]
    assert torch.allclose(blank, blank[:, :1, :1])
    assert images[:, 0, 16:-16, 16:-16].std((1, 2)).min() > 1e-3


def test_it_has_the_number_of_parameters_of_its_layers() -> None:
    _, decoder = spatial_broadcast((3, 64, 64), 10)
    expected = (12 * 64 * 9 + 64) + 2 * (64 * 64 * 9 + 64) + (64 * 32 * 9 + 32) + (32 * 3 * 9 + 3)
    assert sum(p.numel() for p in decoder.parameters()) == expected


def test_smaller_images_are_refused() -> None:
    with pytest.raises(UserError, match="spatial_broadcast takes images of any size from 28"):
        spatial_broadcast((3, 64, 20), 4)
