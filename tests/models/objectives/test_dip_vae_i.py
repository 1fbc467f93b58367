"""The DIP-VAE-I's loss against NumPy."""

import numpy as np
import pytest
import torch

from tests.models.objectives.batches import context, random_terms, terms_of
from unknot.common.errors import UserError
from unknot.models.objectives.dip_vae_i import DIPVAEI
from unknot.models.vae import Posterior


def test_its_loss() -> None:
    terms = random_terms(16, 3)
    covariance = np.cov(terms.posterior.mean.numpy().T, bias=True)
    variances = covariance.diagonal()
    off_diagonal = (covariance**2).sum() - (variances**2).sum()
    diagonal = ((variances - 1) ** 2).sum()
    rate = terms.kl.numpy().sum(1).mean()
    for objective, factor in ((DIPVAEI(), 10), (DIPVAEI(diagonal=3.0), 3)):
        loss = objective.loss(terms, context(beta=5.0))
        expected = 7.5 + rate + 5 * off_diagonal + 5 * factor * diagonal
        assert loss.value.item() == pytest.approx(expected)
        assert [value.item() for value in loss.quantities] == pytest.approx(
            [off_diagonal, diagonal]
        )


def test_beta_does_not_multiply_the_rate() -> None:
    """Means whose covariance is the unit matrix are not penalized at any beta."""
    mean = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]])
    terms = terms_of(Posterior(mean, torch.full_like(mean, 3.0)), mean)
    losses = [DIPVAEI().loss(terms, context(beta=beta)).value for beta in (0.0, 50.0)]
    assert torch.equal(losses[0], losses[1])
    assert losses[0] == 1.5 + terms.kl.sum(1).mean()


def test_what_does_not_fit_is_one_line() -> None:
    with pytest.raises(UserError, match="diagonal of dip_vae_i is -2; it must be a finite number"):
        DIPVAEI(diagonal=-2.0)
    with pytest.raises(UserError, match="batch_size is 1; the objective dip_vae_i"):
        DIPVAEI().check(1.0, 1)
    DIPVAEI().check(1.0, 2)
