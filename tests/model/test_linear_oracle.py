"""The linear VAE against its closed-form optimum.

On Gaussian data with covariance eigenvalues lambda and sigma = 1, latent i is active iff
lambda_i > beta, and then its KL is 0.5 ln(lambda_i / beta).
"""

import math

import pytest
import torch

from unknot.data.standardize import Standardizer
from unknot.model.distributions import GaussianLikelihood
from unknot.model.networks import linear
from unknot.model.vae import VAE
from unknot.objectives import beta_vae

SPECTRUM = torch.tensor([20.0, 12.0, 7.0, 4.0, 2.2, 0.9] + [0.3] * 10, dtype=torch.float64)
SHAPE = (1, 4, 4)
STEPS, NUM = 10_000, 256


def _data(num: int) -> torch.Tensor:
    """Gaussian data whose sample covariance has exactly the spectrum, in a random basis."""
    generator = torch.Generator().manual_seed(0)
    x = torch.randn(num, 16, generator=generator, dtype=torch.float64)
    x -= x.mean(0)
    whitened = torch.linalg.qr(x).Q * math.sqrt(num)
    basis = torch.linalg.qr(torch.randn(16, 16, generator=generator, dtype=torch.float64)).Q
    return (whitened * SPECTRUM.sqrt()) @ basis


@pytest.mark.slow
@pytest.mark.parametrize("beta", [0.5, 3.0, 9.0])
def test_active_latents_and_their_kl(beta: float) -> None:
    torch.manual_seed(0)
    ones = torch.ones(SHAPE).numpy()
    vae = VAE(*linear(SHAPE, 6), GaussianLikelihood(), Standardizer("unit", 0 * ones, ones), 6)
    vae.double()
    data = _data(NUM).view(-1, *SHAPE)
    optimizer = torch.optim.Adam(vae.parameters())
    generator = torch.Generator().manual_seed(1)
    for step in range(STEPS):
        optimizer.param_groups[0]["lr"] = 0.02 * 0.5 * (1 + math.cos(math.pi * step / STEPS))
        noise = torch.randn(NUM // 2, 6, generator=generator, dtype=torch.float64)
        loss = beta_vae(vae(data, torch.cat([noise, -noise])), beta)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    kl = vae(data, torch.zeros(NUM, 6, dtype=torch.float64)).kl.mean(0).detach()
    kl = kl.sort(descending=True).values
    expected = 0.5 * torch.log(SPECTRUM[:6] / beta).clamp(min=0)
    active = expected > 0
    assert torch.equal(kl > 0.01, active)
    torch.testing.assert_close(kl[active], expected[active], rtol=0.02, atol=0)
