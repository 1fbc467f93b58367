"""Networks by name."""

import pytest
import torch

from unknot.common.errors import UserError
from unknot.models.networks import NETWORKS, find_network


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("size", [32, 64, 128])
@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_shapes(name: str, size: int, channels: int) -> None:
    try:
        encoder, decoder = find_network(name)((channels, size, size), 5)
    except UserError as error:
        pytest.skip(str(error))
    images = torch.zeros(2, channels, size, size)
    assert encoder(images).shape == (2, 10)
    assert decoder(torch.zeros(2, 5)).shape == images.shape


@pytest.mark.parametrize("name", sorted(NETWORKS))
def test_an_image_does_not_depend_on_the_others_of_its_batch(name: str) -> None:
    """While training too: a batch may be divided among processes."""
    encoder, decoder = find_network(name)((3, 64, 64), 5)
    images = torch.rand(6, 3, 64, 64, generator=torch.Generator().manual_seed(0))
    codes = torch.randn(6, 5, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(encoder(images)[:2], encoder(images[:2]), rtol=1e-4, atol=1e-5)
    torch.testing.assert_close(decoder(codes)[:2], decoder(codes[:2]), rtol=1e-4, atol=1e-5)


def test_an_unknown_network_is_named() -> None:
    with pytest.raises(UserError, match=r"network is 'lineal'; did you mean 'linear'\?"):
        find_network("lineal")
