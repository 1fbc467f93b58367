"""Sums, broadcasts and crops of feature maps."""

import pytest
import torch
from torch import nn

from unknot.models.map_layers import Broadcast, Crop, Residual, num_halvings


def test_a_residual_adds_what_its_layers_give_and_leaves_its_input() -> None:
    torch.manual_seed(0)
    layer, x = Residual(nn.ReLU(), nn.Conv2d(3, 3, 3, padding=1)), torch.randn(2, 3, 5, 6)
    before = x.clone()
    expected = x + nn.functional.conv2d(
        x.clamp(min=0), layer.branch[1].weight, layer.branch[1].bias, padding=1
    )
    torch.testing.assert_close(layer(x), expected)
    assert torch.equal(x, before)


def test_a_broadcast_has_the_code_and_the_place_of_each_pixel() -> None:
    z = torch.tensor([[0.5, -2.0], [3.0, 4.0]])
    grid = Broadcast(3, 5)(z)
    assert grid.shape == (2, 4, 3, 5)
    assert torch.equal(grid[:, :2, 1, 3], z)
    assert torch.equal(grid[0, 2, :, 0], torch.tensor([-1.0, 0.0, 1.0]))
    assert torch.equal(grid[1, 3, 2], torch.tensor([-1.0, -0.5, 0.0, 0.5, 1.0]))
    assert not Broadcast(3, 5).state_dict()


def test_a_crop_is_the_middle() -> None:
    x = torch.arange(42).reshape(1, 1, 6, 7)
    assert Crop(4, 4)(x)[0, 0, 0].tolist() == [8, 9, 10, 11]
    assert Crop(4, 4)(x).shape == (1, 1, 4, 4)
    assert torch.equal(Crop(6, 7)(x), x)


@pytest.mark.parametrize(
    ("size", "num"),
    [
        ((28, 40), 2),
        ((32, 32), 3),
        ((64, 28), 2),
        ((127, 200), 4),
        ((128, 128), 5),
        ((256, 256), 6),
    ],
)
def test_the_shorter_side_is_halved_until_it_has_four_to_seven_pixels(
    size: tuple[int, int], num: int
) -> None:
    assert num_halvings(*size) == num
    assert 4 <= min(size) >> num <= 7
