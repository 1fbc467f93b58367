"""Diagonal Gaussians against closed forms and independent implementations."""

import math

import torch
from torch import distributions as reference

from unknot.models.gaussian import kl_divergence, reparameterize


def _random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_kl_agrees_with_torch_distributions() -> None:
    mean, logvar = _random(7, 4), _random(7, 4, seed=1)
    expected = reference.kl_divergence(
        reference.Normal(mean, torch.exp(0.5 * logvar)), reference.Normal(0.0, 1.0)
    )
    torch.testing.assert_close(kl_divergence(mean, logvar), expected)


def test_kl_is_zero_at_the_prior() -> None:
    assert kl_divergence(torch.zeros(3, 2), torch.zeros(3, 2)).abs().max() == 0


def test_samples_have_the_given_moments() -> None:
    mean, logvar = torch.tensor([[1.0, -2.0]]), torch.tensor([[0.0, 2.0]])
    z = reparameterize(mean, logvar, _random(200_000, 2))
    # five standard errors of a mean and of a variance over 200,000 draws
    assert torch.all((z.mean(0) - mean[0]).abs() < 5 * torch.exp(0.5 * logvar[0]) / 447)
    assert torch.all((z.var(0) / logvar[0].exp() - 1).abs() < 5 * math.sqrt(2) / 447)
