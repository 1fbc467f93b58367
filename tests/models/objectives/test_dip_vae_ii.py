"""The DIP-VAE-II's loss against NumPy."""

import numpy as np
import pytest
import torch

from tests.models.objectives.batches import context, random_terms, terms_of
from unknot.common.errors import UserError
from unknot.models.objectives.dip_vae_ii import DIPVAEII
from unknot.models.vae import Posterior


def test_its_loss() -> None:
    terms = random_terms(16, 3)
    variances = np.exp(terms.posterior.logvar.numpy()).mean(0)
    covariance = np.cov(terms.posterior.mean.numpy().T, bias=True) + np.diag(variances)
    off_diagonal = (covariance**2).sum() - (covariance.diagonal() ** 2).sum()
    diagonal = ((covariance.diagonal() - 1) ** 2).sum()
    rate = terms.kl.numpy().sum(1).mean()
    for objective, factor in ((DIPVAEII(), 1), (DIPVAEII(diagonal=3.0), 3)):
        loss = objective.loss(terms, context(beta=5.0))
        expected = 7.5 + rate + 5 * off_diagonal + 5 * factor * diagonal
        assert loss.value.item() == pytest.approx(expected)
        assert [value.item() for value in loss.quantities] == pytest.approx(
            [off_diagonal, diagonal]
        )


def test_variances_are_added_on_the_diagonal_alone() -> None:
    """Added to every entry they would be a penalty of independent latents; and so would 2 logvar.

    Posteriors whose average is the prior are not penalized.
    """
    std = 0.6
    signs = torch.tensor([[1.0, 1.0], [1.0, -1.0], [-1.0, 1.0], [-1.0, -1.0]]).double()
    mean = (1 - std**2) ** 0.5 * signs
    logvar = torch.full_like(mean, 2 * np.log(std))
    terms = terms_of(Posterior(mean, logvar), mean)
    losses = [DIPVAEII().loss(terms, context(beta=beta)) for beta in (0.0, 50.0)]
    torch.testing.assert_close(losses[0].value, losses[1].value)
    torch.testing.assert_close(torch.stack(losses[1].quantities), torch.zeros(2).double())


def test_what_does_not_fit_is_one_line() -> None:
    with pytest.raises(UserError, match="diagonal of dip_vae_ii is nan; it must be a finite"):
        DIPVAEII(diagonal=float("nan"))
    with pytest.raises(UserError, match="batch_size is 1; the objective dip_vae_ii"):
        DIPVAEII().check(1.0, 1)
    DIPVAEII().check(1.0, 2)
