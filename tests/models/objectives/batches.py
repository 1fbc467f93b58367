"""Batches that objectives are tested on."""

import math

import torch
from torch import Tensor

from unknot.models.gaussian import kl_divergence, reparameterize
from unknot.models.objectives import StepContext
from unknot.models.vae import Posterior, Terms


def context(
    *, step: int = 0, num_steps: int = 100, beta: float = 1.0, num_train: int = 1_000
) -> StepContext:
    """Say when and where a loss is asked for."""
    return StepContext(step=step, num_steps=num_steps, beta=beta, num_train=num_train, seed=0)


def terms_of(posterior: Posterior, z: Tensor) -> Terms:
    """Give the terms of a batch whose distortions are 0, 1, 2, ..."""
    return Terms(
        distortion=torch.arange(len(z), dtype=z.dtype),
        kl=kl_divergence(*posterior),
        posterior=posterior,
        z=z,
    )


def random_terms(batch_size: int, latent_dim: int) -> Terms:
    """Give a batch whose codes are independent, and as the prior's together."""
    generator = torch.Generator().manual_seed(0)
    shape = (batch_size, latent_dim)
    mean = 0.8 * torch.randn(shape, generator=generator, dtype=torch.float64)
    posterior = Posterior(mean, torch.full_like(mean, 2 * math.log(0.6)))
    noise = torch.randn(shape, generator=generator, dtype=torch.float64)
    return terms_of(posterior, reparameterize(*posterior, noise))
