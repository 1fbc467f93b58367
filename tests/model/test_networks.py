"""Networks: the paper's shapes."""

import pytest
import torch
from torch import nn

from unknot.model.networks import NETWORKS, higgins_conv


def test_higgins_conv_is_the_papers_table() -> None:
    encoder, decoder = higgins_conv((3, 64, 64), 32)
    down = [m for m in encoder if isinstance(m, nn.Conv2d)]
    assert [m.out_channels for m in down] == [32, 32, 64, 64]
    assert all(m.kernel_size == (4, 4) and m.stride == (2, 2) for m in down)
    up = [m for m in decoder if isinstance(m, nn.ConvTranspose2d)]
    assert [m.out_channels for m in up] == [64, 32, 32, 3]
    assert all(m.kernel_size == (4, 4) and m.stride == (2, 2) for m in up)
    assert [m.out_features for m in encoder if isinstance(m, nn.Linear)] == [256, 64]
    assert [m.out_features for m in decoder if isinstance(m, nn.Linear)] == [256, 1024]


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [32, 64, 128])
@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_shapes(name: str, size: int, channels: int) -> None:
    encoder, decoder = NETWORKS[name]((channels, size, size), 5)
    images = torch.zeros(2, channels, size, size)
    assert encoder(images).shape == (2, 10)
    assert decoder(torch.zeros(2, 5)).shape == images.shape


def test_higgins_conv_names_the_sizes_it_takes() -> None:
    with pytest.raises(ValueError, match="32, 64 or 128"):
        higgins_conv((3, 48, 48), 4)
