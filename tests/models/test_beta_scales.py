"""One beta on other scales."""

import pytest
import torch
from torch import nn

from unknot.models.beta_scales import beta_scales, effective_beta
from unknot.models.networks.linear import LinearEncoder


def _gradient(squared_error_weight: float, kl_weight: float) -> torch.Tensor:
    """Of `c * SSE + w * KL` for a small VAE, written out here independently of the project's."""
    torch.manual_seed(0)
    encoder, decoder = LinearEncoder(12, 3), nn.Linear(3, 12)
    x, noise = torch.randn(32, 12), torch.randn(32, 3)
    mean, logvar = encoder(x).chunk(2, 1)
    output = decoder(mean + torch.exp(0.5 * logvar) * noise)
    squared_error = ((x - output) ** 2).sum(1)
    kl = (0.5 * (mean**2 + logvar.exp() - 1 - logvar)).sum(1)
    loss = (squared_error_weight * squared_error + kl_weight * kl).mean()
    parameters = [*encoder.parameters(), *decoder.parameters()]
    return torch.cat([g.flatten() for g in torch.autograd.grad(loss, parameters)])


@pytest.mark.parametrize(
    ("c", "w"), [(1.0, 8.0), (1 / 12, 8 / 12), (2.0, 16.0), (1 / (2 * 9), 4 / 9)]
)
def test_equal_effective_beta_gives_equal_gradient_direction(c: float, w: float) -> None:
    assert effective_beta(c, w) == pytest.approx(4.0)
    cosine = torch.cosine_similarity(_gradient(0.5, 4.0), _gradient(c, w), dim=0)
    assert cosine > 0.9999
    other = torch.cosine_similarity(_gradient(0.5, 4.0), _gradient(c, 3 * w), dim=0)
    assert other < 0.9999


def test_effective_beta_of_code_in_the_wild() -> None:
    num_pixels = 64 * 64 * 3
    assert effective_beta(1 / num_pixels, 1.0) == pytest.approx(6144)
    assert effective_beta(1 / num_pixels, 1 / 32) == pytest.approx(192)
    assert effective_beta(1.0, 10.0) == pytest.approx(5)
    assert effective_beta(1 / num_pixels, 10 * 0.00025) == pytest.approx(15.36)


def test_beta_scales() -> None:
    scales = beta_scales(4.0, sigma=0.5, latent_dim=32, num_pixels=4096)
    assert scales.beta_eff == pytest.approx(1.0)
    assert scales.beta_norm == pytest.approx(4 * 32 / 4096)
    assert beta_scales(4.0, sigma=None, latent_dim=32, num_pixels=4096).beta_eff is None
