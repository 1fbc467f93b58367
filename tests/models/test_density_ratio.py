"""The discriminator, its log density ratio, and latents that are dealt anew."""

import math

import torch
from torch import nn

from unknot.models.density_ratio import (
    build_discriminator,
    classification_loss,
    log_density_ratio,
    permute_latents,
)


def generator(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


class BayesRule(nn.Module):
    """The best discriminator of a correlated Gaussian of two latents with unit variances."""

    def __init__(self, correlation: float) -> None:
        super().__init__()
        covariance = torch.tensor([[1.0, correlation], [correlation, 1.0]])
        self.precision = nn.Parameter(torch.linalg.inv(covariance) - torch.eye(2))
        self.constant = -0.5 * math.log(1 - correlation**2)

    def forward(self, codes: torch.Tensor) -> torch.Tensor:
        """The ratio as the first logit."""
        ratio = self.constant - 0.5 * ((codes @ self.precision) * codes).sum(1)
        return torch.stack([ratio, torch.zeros_like(ratio)], 1)


def test_it_is_the_network_of_the_paper() -> None:
    """Six hidden layers of 1000 units, each with a leaky ReLU of .2, and two logits."""
    discriminator = build_discriminator(10, 1000, 6)
    layers = [m for m in discriminator if isinstance(m, nn.Linear)]
    assert [layer.in_features for layer in layers] == [10, *[1000] * 6]
    assert [layer.out_features for layer in layers] == [*[1000] * 6, 2]
    slopes = [m.negative_slope for m in discriminator if isinstance(m, nn.LeakyReLU)]
    assert slopes == [0.2] * 6
    assert discriminator(torch.zeros(3, 10)).shape == (3, 2)


def test_the_mean_ratio_is_the_total_correlation() -> None:
    """Under the best discriminator, of a Gaussian whose total correlation is known."""
    noise = torch.randn(200_000, 2, generator=generator())
    codes = torch.stack([noise[:, 0], 0.8 * noise[:, 0] + 0.6 * noise[:, 1]], 1)
    ratio = log_density_ratio(BayesRule(0.8), codes)
    expected = -0.5 * math.log(1 - 0.8**2)
    assert abs(ratio.mean().item() - expected) < 4 * ratio.std().item() / math.sqrt(len(codes))


def test_permuting_keeps_each_latents_values_and_parts_the_latents() -> None:
    """Latents permuted within an image would keep no latent's values."""
    codes = torch.randn(500, 1, generator=generator()) * torch.tensor([1.0, 3.0, -2.0])
    codes = codes + torch.tensor([0.0, 50.0, -50.0])
    permuted = permute_latents(codes, generator=generator(1))
    assert torch.equal(permuted.sort(0).values, codes.sort(0).values)
    assert torch.corrcoef(codes.T).abs().min() > 0.999
    between = torch.corrcoef(torch.cat([codes[:, :1], permuted], 1).T).fill_diagonal_(0)
    assert between.abs().max() < 4 / math.sqrt(500)


def test_permuting_depends_on_the_generator_alone() -> None:
    codes = torch.randn(9, 3, generator=generator())
    first, again, other = (permute_latents(codes, generator=generator(i)) for i in (1, 1, 2))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


def test_the_loss_beside_its_formula() -> None:
    """Minus the mean log probability of the right answer, from the difference of the logits."""
    discriminator = build_discriminator(3, 16, 2)
    codes, permuted = torch.randn(2, 7, 3, generator=generator())
    right = log_density_ratio(discriminator, codes).sigmoid()
    wrong = log_density_ratio(discriminator, permuted).sigmoid()
    expected = -(right.log().mean() + (1 - wrong).log().mean()) / 2
    torch.testing.assert_close(classification_loss(discriminator, codes, permuted), expected)


def test_who_knows_nothing_loses_ln_2() -> None:
    discriminator = build_discriminator(3, 16, 2)
    for parameter in discriminator.parameters():
        nn.init.zeros_(parameter)
    codes = torch.randn(7, 3, generator=generator())
    assert not log_density_ratio(discriminator, codes).any()
    loss = classification_loss(discriminator, codes, codes)
    assert math.isclose(loss.item(), math.log(2), rel_tol=1e-6)


def test_the_ratio_gives_the_discriminator_no_gradient() -> None:
    discriminator = build_discriminator(3, 16, 2)
    codes = torch.randn(7, 3, generator=generator(), requires_grad=True)
    log_density_ratio(discriminator, codes).mean().backward()
    assert codes.grad is not None
    assert codes.grad.abs().min() > 0
    assert all(parameter.grad is None for parameter in discriminator.parameters())


def test_codes_in_double_precision_are_taken() -> None:
    """As those of validation images may be."""
    codes = torch.randn(7, 3, generator=generator()).double()
    assert log_density_ratio(build_discriminator(3, 16, 2), codes).dtype == torch.float32
