"""Networks by name."""

import pytest
import torch

from unknot.common.errors import UserError
from unknot.models.networks import NETWORKS, find_network


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [32, 64, 128])
@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_shapes(name: str, size: int, channels: int) -> None:
    encoder, decoder = find_network(name)((channels, size, size), 5)
    images = torch.zeros(2, channels, size, size)
    assert encoder(images).shape == (2, 10)
    assert decoder(torch.zeros(2, 5)).shape == images.shape


def test_an_unknown_network_is_named() -> None:
    with pytest.raises(UserError, match=r"network is 'lineal'; did you mean 'linear'\?"):
        find_network("lineal")
