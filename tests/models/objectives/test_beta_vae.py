"""The beta-VAE's loss, and the linear VAE against its closed-form optimum.

On Gaussian data with covariance eigenvalues lambda and sigma = 1, latent i is active iff
lambda_i > beta, and then its KL is 0.5 ln(lambda_i / beta).
"""

import math

import pytest
import torch

from unknot.data.standardize import Standardizer
from unknot.models.likelihoods.gaussian import GaussianLikelihood
from unknot.models.networks.linear import linear
from unknot.models.objectives import StepContext
from unknot.models.objectives.beta_vae import BetaVAE
from unknot.models.vae import VAE, Posterior, Terms

SPECTRUM = torch.tensor([20.0, 12.0, 7.0, 4.0, 2.2, 0.9] + [0.3] * 10, dtype=torch.float64)
SHAPE = (1, 4, 4)
STEPS, NUM, LEARNING_RATE = 3000, 256, 0.1


def context(beta: float) -> StepContext:
    return StepContext(step=0, num_steps=STEPS, beta=beta, num_train=NUM, seed=0)


def test_loss_sums_first_and_averages_once() -> None:
    terms = Terms(
        distortion=torch.tensor([10.0, 20.0]),
        kl=torch.tensor([[1.0, 2.0], [3.0, 4.0]]),
        posterior=Posterior(torch.zeros(2, 2), torch.zeros(2, 2)),
        z=torch.zeros(2, 2),
    )
    loss = BetaVAE().loss(terms, context(2.0))
    assert loss.value.item() == 15 + 2 * 5
    assert loss.quantities == ()


def _data(num: int) -> torch.Tensor:
    """Gaussian data whose sample covariance has exactly the spectrum, in a random basis."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(num, 16, generator=generator, dtype=torch.float64)
    x -= x.mean(0)
    whitened = torch.linalg.qr(x).Q * math.sqrt(num)
    basis = torch.linalg.qr(torch.randn(16, 16, generator=generator, dtype=torch.float64)).Q
    return (whitened * SPECTRUM.sqrt()) @ basis


@pytest.mark.parametrize("beta", [0.5, 3.0, 9.0])
def test_active_latents_and_their_kl(beta: float) -> None:
    """With two other seeds the worst was 0.7%, a third of the tolerance."""
    torch.manual_seed(0)
    ones = torch.ones(SHAPE).numpy()
    vae = VAE(*linear(SHAPE, 6), GaussianLikelihood(), Standardizer("unit", 0 * ones, ones), 6)
    vae.double()
    data = _data(NUM).view(-1, *SHAPE)
    optimizer = torch.optim.Adam(vae.parameters())
    generator = torch.Generator().manual_seed(1)
    for step in range(STEPS):
        rate = LEARNING_RATE * 0.5 * (1 + math.cos(math.pi * step / STEPS))
        optimizer.param_groups[0]["lr"] = rate
        noise = torch.randn(NUM // 2, 6, generator=generator, dtype=torch.float64)
        terms = vae(data, torch.cat([noise, -noise]))
        optimizer.zero_grad()
        BetaVAE().loss(terms, context(beta)).value.backward()
        optimizer.step()
    kl = vae(data, torch.zeros(NUM, 6, dtype=torch.float64)).kl.mean(0).detach()
    kl = kl.sort(descending=True).values
    expected = 0.5 * torch.log(SPECTRUM[:6] / beta).clamp(min=0)
    active = expected > 0
    assert torch.equal(kl > 0.01, active)
    torch.testing.assert_close(kl[active], expected[active], rtol=0.02, atol=0)
