"""A learned sigma against the best fixed one."""

import pytest
import torch

from unknot.models.likelihoods.gaussian import GaussianLikelihood
from unknot.models.likelihoods.gaussian_learned import LOG_SIGMA_FLOOR, LearnedSigmaLikelihood


def _random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


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


def test_the_running_sigma_comes_to_that_of_the_batches() -> None:
    likelihood = LearnedSigmaLikelihood()
    x = _random(50, 1, 4, 4)
    for _ in range(200):
        likelihood.distortion(x, torch.zeros_like(x))
    assert likelihood.log_sigma.exp().item() == pytest.approx(
        x.square().mean().sqrt().item(), rel=0.01
    )
    before = likelihood.log_sigma.clone()
    likelihood.eval().distortion(2 * x, torch.zeros_like(x))
    assert torch.equal(likelihood.log_sigma, before)


def test_the_expected_image_is_the_output() -> None:
    output = _random(2, 1, 4, 4)
    assert torch.equal(LearnedSigmaLikelihood().mean(output), output)
