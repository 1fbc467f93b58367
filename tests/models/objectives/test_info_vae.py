"""The InfoVAE's loss and its discrepancy."""

import math

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from tests.models.objectives.batches import context, random_terms
from unknot.common.errors import UserError
from unknot.models.objectives.beta_vae import BetaVAE
from unknot.models.objectives.info_vae import InfoVAE, squared_discrepancy


def normal(num: int, latent_dim: int, seed: int) -> torch.Tensor:
    generator = torch.Generator().manual_seed(seed)
    return torch.randn(num, latent_dim, generator=generator, dtype=torch.float64)


def test_the_discrepancy_against_sums_over_pairs() -> None:
    codes, prior = 2 * normal(5, 3, 0).numpy() + 1, normal(5, 3, 1).numpy()

    def kernel(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
        return float(np.exp(-((a - b) ** 2).sum() / 9))

    expected = sum(
        kernel(codes[i], codes[j]) + kernel(prior[i], prior[j]) - 2 * kernel(codes[i], prior[j])
        for i in range(5)
        for j in range(5)
    )
    value = squared_discrepancy(torch.from_numpy(codes), torch.from_numpy(prior))
    assert value.item() == pytest.approx(expected / 25)


def test_equal_samples_have_none() -> None:
    """It would not be 0 if its parts had other divisors, or one lacked its diagonal."""
    codes = normal(8, 3, 0)
    assert squared_discrepancy(codes, codes).item() == 0
    assert squared_discrepancy(codes, codes[torch.randperm(8)]).item() == pytest.approx(0)


def test_samples_of_one_distribution_have_the_stated_bias() -> None:
    """E k of two normal samples is (1 + 4 / latent_dim^2) to the power of -latent_dim / 2."""
    values = torch.stack(
        [
            squared_discrepancy(normal(16, 2, 2 * seed), normal(16, 2, 2 * seed + 1))
            for seed in range(400)
        ]
    )
    expected = 2 * (1 - 1 / (1 + 4 / 2**2)) / 16
    assert abs(values.mean() - expected) < 3 * values.std() / math.sqrt(len(values))
    assert (values > 0).all()


def test_it_grows_as_codes_leave_the_prior() -> None:
    codes, prior = normal(64, 2, 0), normal(64, 2, 1)
    values = [squared_discrepancy(codes + shift, prior).item() for shift in (0.0, 0.5, 1.0, 50.0)]
    assert values == sorted(values)
    assert 0.5 < values[-1] < 2


@pytest.mark.parametrize(
    ("alpha", "beta", "weight"), [(0.0, 1.0, 0.0), (0.0, 31.0, 30.0), (0.5, 2.0, 1.5)]
)
def test_its_loss(alpha: float, beta: float, weight: float) -> None:
    terms = random_terms(16, 3)
    loss = InfoVAE(alpha=alpha).loss(terms, context(beta=beta))
    (discrepancy,) = loss.quantities
    expected = 7.5 + (1 - alpha) * terms.kl.sum(1).mean() + weight * discrepancy
    torch.testing.assert_close(loss.value, expected)
    assert discrepancy > 0


def test_at_lambda_one_and_alpha_zero_it_is_the_vae() -> None:
    terms, at = random_terms(16, 3), context(beta=1.0)
    assert torch.equal(InfoVAE().loss(terms, at).value, BetaVAE().loss(terms, at).value)


def test_codes_unlike_the_prior_are_never_rewarded() -> None:
    """While beta warms up from 0, alpha + beta - 1 would be below 0."""
    terms = random_terms(16, 3)
    losses = [InfoVAE().loss(terms, context(beta=beta)).value for beta in (0.0, 0.5, 1.0)]
    assert losses[0] == losses[1] == losses[2]


def test_samples_of_the_prior_depend_on_the_step_alone() -> None:
    terms = random_terms(16, 3)
    first, again, later = (
        InfoVAE().loss(terms, context(step=step, beta=9.0)).value for step in (3, 3, 4)
    )
    assert torch.equal(first, again)
    assert not torch.equal(first, later)


def test_what_does_not_fit_is_one_line() -> None:
    with pytest.raises(UserError, match=r"alpha of info_vae is 1\.5; it must be .* at most 1"):
        InfoVAE(alpha=1.5)
    with pytest.raises(UserError, match=r"beta is 0\.1; .* it is lambda, .* 1 - alpha, here 0\.5"):
        InfoVAE(alpha=0.5).check(0.1, 64)
    with pytest.raises(UserError, match="batch_size is 1; the objective info_vae"):
        InfoVAE().check(1.0, 1)
    InfoVAE().check(1.0, 2)
    InfoVAE(alpha=1.0).check(0.0, 2)
