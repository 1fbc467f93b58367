"""Diagonal Gaussians over the latents. In nats, per latent, never averaged."""

import torch
from torch import Tensor


def kl_divergence(mean: Tensor, logvar: Tensor) -> Tensor:
    """KL divergence of diagonal Gaussians from the standard normal, per latent.

    Kingma and Welling 2014, appendix B: `0.5 * (mean^2 + variance - 1 - log variance)`.

    Args:
        mean: shape `(batch, latent_dim)`.
        logvar: log variance, same shape.

    Returns:
        Nats, shape `(batch, latent_dim)`.
    """
    return 0.5 * (mean.square() + logvar.exp() - 1 - logvar)


def reparameterize(mean: Tensor, logvar: Tensor, noise: Tensor) -> Tensor:
    """Sample the diagonal Gaussian, differentiably in its arguments.

    Kingma and Welling 2014, equation 10. All shapes are `(batch, latent_dim)`; `noise` is standard
    normal.
    """
    return mean + torch.exp(0.5 * logvar) * noise
