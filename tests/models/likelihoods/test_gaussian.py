"""Gaussian pixels against torch's own distribution."""

import math

import pytest
import torch
from torch import distributions as reference

from unknot.models.likelihoods.gaussian import GaussianLikelihood, gaussian_distortion


def _random(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("sigma", [0.3, 1.0, 2.5])
def test_the_distortion_drops_only_the_constant(sigma: float) -> None:
    x, output = _random(5, 3, 4, 4), _random(5, 3, 4, 4, seed=1)
    full = -reference.Normal(output, sigma).log_prob(x).flatten(1).sum(1)
    expected = full - 0.5 * 48 * math.log(2 * math.pi)
    torch.testing.assert_close(GaussianLikelihood(sigma).distortion(x, output), expected)
    log_sigma = torch.tensor(math.log(sigma))
    torch.testing.assert_close(gaussian_distortion(x, output, log_sigma), expected)


def test_the_expected_image_is_the_output() -> None:
    output = _random(2, 1, 4, 4)
    assert torch.equal(GaussianLikelihood().mean(output), output)
