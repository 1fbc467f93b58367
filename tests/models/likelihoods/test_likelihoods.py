"""What all likelihoods have in common."""

import pytest
import torch
from torch import nn

from unknot.common.errors import UserError
from unknot.models.likelihoods import LIKELIHOODS, build_likelihood
from unknot.models.likelihoods.gaussian import GaussianLikelihood


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_a_likelihood_gives_nats_per_image_and_an_expected_image(name: str) -> None:
    likelihood = build_likelihood(name, 0.5)
    assert isinstance(likelihood, nn.Module)
    x = torch.rand(5, 3, 4, 4, generator=torch.Generator().manual_seed(0))
    assert likelihood.distortion(x, torch.zeros_like(x)).shape == (5,)
    assert likelihood.mean(x).shape == x.shape


@pytest.mark.parametrize("name", LIKELIHOODS)
def test_one_that_sees_images_alone_says_so(name: str) -> None:
    likelihood = build_likelihood(name, 1.0)
    x = torch.rand(5, 1, 4, 4, generator=torch.Generator().manual_seed(0))
    whole = likelihood.distortion(x, torch.zeros_like(x))
    alone = likelihood.distortion(x[:1], torch.zeros_like(x[:1]))
    assert torch.allclose(whole[:1], alone) is not likelihood.needs_whole_batch


def test_sigma_is_that_of_the_fixed_gaussian() -> None:
    likelihood = build_likelihood("gaussian", 0.5)
    assert isinstance(likelihood, GaussianLikelihood)
    assert likelihood.log_sigma.exp().item() == pytest.approx(0.5)


def test_an_unknown_likelihood_is_named() -> None:
    with pytest.raises(UserError, match=r"likelihood is 'gausian'; did you mean 'gaussian'\?"):
        build_likelihood("gausian", 1.0)
