"""Models from plain values."""

import numpy as np
import pytest
import torch
from torch import nn

from unknot.common.errors import UserError
from unknot.data.standardize import Standardizer
from unknot.models.build import build_vae
from unknot.models.likelihoods.gaussian import GaussianLikelihood

SHAPE = (3, 32, 32)


def test_weights_are_the_seeds_and_the_global_state_stays() -> None:
    torch.manual_seed(1)
    before = torch.get_rng_state()
    first, same, other = (build_vae("linear", SHAPE, 2, seed=seed) for seed in (7, 7, 8))
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(first.encoder.mean.weight, same.encoder.mean.weight)
    assert not torch.equal(first.encoder.mean.weight, other.encoder.mean.weight)


def test_a_model_is_made_of_what_was_asked_for() -> None:
    mean, std = np.full(SHAPE, 0.25, np.float32), np.full(SHAPE, 2.0, np.float32)
    model = build_vae(
        "higgins_conv", SHAPE, 2, sigma=0.5, standardizer=Standardizer("per_pixel", mean, std)
    )
    assert model.training
    assert model.latent_dim == 2
    assert isinstance(model.likelihood, GaussianLikelihood)
    assert model.likelihood.log_sigma.exp().item() == pytest.approx(0.5)
    assert model.pixel_mean.unique().item() == 0.25
    assert model.pixel_std.unique().item() == 2
    assert model.encoder[0].weight.is_contiguous(memory_format=torch.channels_last)


def test_without_a_standardizer_pixels_are_in_the_unit_interval() -> None:
    model = build_vae("linear", SHAPE, 2)
    white = torch.full((1, *SHAPE), 255, dtype=torch.uint8)
    assert model.standardize(white).unique().item() == pytest.approx(1)


@pytest.mark.parametrize(
    ("num_outputs", "decoder", "message"),
    [
        (6, nn.ReLU(), r"gives \(2, 6\) for two images; it must give \(2, 12\): 6 means, then"),
        (12, nn.ReLU(), r"gives \(2, 6\) for two codes; it must give \(2, 3, 32, 32\)"),
    ],
)
def test_a_network_that_does_not_fit_is_told_what_it_must_give(
    num_outputs: int, decoder: nn.Module, message: str
) -> None:
    def networks(shape: tuple[int, int, int], latent_dim: int) -> tuple[nn.Module, nn.Module]:
        return nn.Sequential(nn.Flatten(), nn.Linear(3 * 32 * 32, num_outputs)), decoder

    with pytest.raises(UserError, match=message):
        build_vae(networks, SHAPE, 6)


def test_the_networks_own_refusal_is_passed_on() -> None:
    with pytest.raises(UserError, match="not 48x48"):
        build_vae("higgins_conv", (3, 48, 48), 2)
