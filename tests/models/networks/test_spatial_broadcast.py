"""The spatial broadcast pair: what a pixel sees."""

import pytest
import torch

from unknot.common.errors import UserError
from unknot.models.map_layers import Broadcast
from unknot.models.networks.spatial_broadcast import spatial_broadcast


@pytest.mark.parametrize(
    ("size", "grid"),
    [
        ((28, 28), (28, 28)),
        ((64, 64), (64, 64)),
        ((33, 61), (33, 61)),
        ((65, 30), (33, 15)),
        ((96, 128), (48, 64)),
        ((192, 192), (48, 48)),
        ((256, 256), (64, 64)),
    ],
)
def test_no_side_of_the_grid_is_above_64(size: tuple[int, int], grid: tuple[int, int]) -> None:
    _, decoder = spatial_broadcast((3, *size), 4)
    assert isinstance(decoder[0], Broadcast)  # type: ignore[index]
    assert decoder[0].places.shape[2:] == grid  # type: ignore[index]


def test_a_pixel_away_from_the_border_depends_on_code_and_place_alone() -> None:
    torch.manual_seed(0)
    _, decoder = spatial_broadcast((1, 40, 40), 3)
    z = torch.randn(2, 3)
    images = decoder(z)
    decoder[0].places.zero_()  # type: ignore[index]
    blank = decoder(z)[:, 0, 8:-8, 8:-8]
    assert torch.allclose(blank, blank[:, :1, :1])
    assert images[:, 0, 8:-8, 8:-8].std((1, 2)).min() > 1e-3


def test_it_has_the_number_of_parameters_of_its_layers() -> None:
    _, decoder = spatial_broadcast((3, 64, 64), 10)
    expected = (12 * 32 * 9 + 32) + 2 * (32 * 32 * 9 + 32) + (32 * 3 * 9 + 3)
    assert sum(p.numel() for p in decoder.parameters()) == expected


def test_smaller_images_are_refused() -> None:
    with pytest.raises(UserError, match="spatial_broadcast takes images of any size from 28"):
        spatial_broadcast((3, 64, 20), 4)
