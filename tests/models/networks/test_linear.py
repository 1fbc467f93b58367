"""The linear pair is linear."""

import torch

from unknot.models.networks.linear import LinearEncoder, linear


def test_means_and_images_are_linear_and_the_variances_are_the_same_for_all() -> None:
    torch.manual_seed(0)
    encoder, decoder = linear((1, 3, 5), 2)
    assert isinstance(encoder, LinearEncoder)
    x, y = torch.randn(2, 4, 1, 3, 5)
    mean, logvar = encoder(x).chunk(2, dim=1)
    assert torch.equal(logvar, encoder.logvar.expand(4, 2))
    middle = encoder((x + y) / 2).chunk(2, dim=1)[0]
    torch.testing.assert_close(middle, (mean + encoder(y).chunk(2, dim=1)[0]) / 2)
    a, b = torch.randn(2, 4, 2)
    torch.testing.assert_close(decoder((a + b) / 2), (decoder(a) + decoder(b)) / 2)
    assert decoder(a).shape == x.shape
