"""Distributions against closed forms and independent implementations."""

import math

import pytest
import torch
from torch import distributions as reference

from unknot.model.distributions import (
    LOG_SIGMA_FLOOR,
    BernoulliLikelihood,
    GaussianLikelihood,
    LearnedSigmaLikelihood,
    kl_divergence,
    reparameterize,
)


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


@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.5])
def test_gaussian_distortion_drops_only_the_constant(sigma: float) -> None:
    x, output = _random(5, 3, 4, 4), _random(5, 3, 4, 4, seed=1)
    full = -reference.Normal(output, sigma).log_prob(x).flatten(1).sum(1)
    expected = full - 0.5 * 48 * math.log(2 * math.pi)
    torch.testing.assert_close(GaussianLikelihood(sigma).distortion(x, output), expected)


def test_learned_sigma_is_the_best_one() -> None:
    x, output = _random(5, 3, 4, 4), _random(5, 3, 4, 4, seed=1)
    learned = LearnedSigmaLikelihood().distortion(x, output).mean()
    best = ((x - output) ** 2).mean().sqrt().item()
    at_best = GaussianLikelihood(best).distortion(x, output).mean()
    assert learned.item() == pytest.approx(at_best.item(), abs=0.1)
    for other in (0.8 * best, 1.2 * best):
        assert GaussianLikelihood(other).distortion(x, output).mean() > learned


def test_learned_sigma_has_the_gradient_of_the_profile_likelihood() -> None:
    x = _random(6, 1, 4, 4)
    output = _random(6, 1, 4, 4, seed=1).requires_grad_()
    LearnedSigmaLikelihood().distortion(x, output).mean().backward()
    profile = output.detach().clone().requires_grad_()
    (0.5 * 16 * torch.log((x - profile).square().mean())).backward()
    torch.testing.assert_close(output.grad, profile.grad, rtol=0.01, atol=1e-6)


def test_learned_sigma_stays_above_its_floor() -> None:
    likelihood = LearnedSigmaLikelihood(momentum=1.0)
    x = _random(2, 1, 4, 4)
    assert torch.isfinite(likelihood.distortion(x, x)).all()
    assert likelihood.log_sigma >= LOG_SIGMA_FLOOR


def test_learned_sigma_outside_training_ignores_the_neighbours() -> None:
    likelihood = LearnedSigmaLikelihood().eval()
    x, output = _random(5, 1, 4, 4), _random(5, 1, 4, 4, seed=1)
    together = likelihood.distortion(x, output)
    torch.testing.assert_close(together[:1], likelihood.distortion(x[:1], output[:1]))


def test_bernoulli_distortion_is_the_cross_entropy() -> None:
    x, logits = torch.rand(5, 1, 4, 4), _random(5, 1, 4, 4)
    p = torch.sigmoid(logits)
    expected = -(x * p.log() + (1 - x) * (1 - p).log()).flatten(1).sum(1)
    torch.testing.assert_close(BernoulliLikelihood().distortion(x, logits), expected)
    torch.testing.assert_close(BernoulliLikelihood().mean(logits), p)
