"""Distributions over latents and pixels. Everything in nats; sums over dimensions, never means."""

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn import functional

LOG_SIGMA_FLOOR = -6.0
# an image's dimensions in a batch: summed over as they are, since to flatten would be to copy
PIXELS = (1, 2, 3)


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
    """A sample of the diagonal Gaussian, differentiable in its arguments.

    Kingma and Welling 2014, equation 10. All shapes are `(batch, latent_dim)`; `noise` is standard
    normal.
    """
    return mean + torch.exp(0.5 * logvar) * noise


class GaussianLikelihood(nn.Module):
    """Independent Gaussian pixels of one fixed standard deviation.

    `distortion = D log sigma + ||x - output||^2 / (2 sigma^2)`; the constant `D/2 log 2 pi` is
    dropped.
    """

    def __init__(self, sigma: float = 1.0) -> None:
        super().__init__()
        self.register_buffer("log_sigma", torch.tensor(math.log(sigma)))
        self.log_sigma: Tensor

    def distortion(self, x: Tensor, output: Tensor) -> Tensor:
        """`-log p(x|z)` in nats per image.

        Args:
            x: standardised images, shape `(batch, channel, height, width)`.
            output: what the decoder gave, same shape.

        Returns:
            Shape `(batch,)`.
        """
        return _gaussian_distortion(x, output, self.log_sigma)

    def mean(self, output: Tensor) -> Tensor:
        """The expected standardised image, same shape as `output`."""
        return output


class LearnedSigmaLikelihood(nn.Module):
    """Gaussian pixels whose one standard deviation is always the best for the batch.

    Rybkin, Daniilidis and Levine 2021 (sigma-VAE), section 4.2: `sigma^2` is the batch's mean
    squared error, with `log sigma` softly kept above -6. At the optimum the derivative by sigma is
    zero, so sigma is taken as a constant in the backward pass. Outside training a running value is
    used, so that the distortion of an image does not depend on its neighbours.
    """

    def __init__(self, momentum: float = 0.05) -> None:
        super().__init__()
        self.momentum = momentum
        self.register_buffer("log_sigma", torch.tensor(0.0))
        self.log_sigma: Tensor

    def distortion(self, x: Tensor, output: Tensor) -> Tensor:
        """As `GaussianLikelihood.distortion`."""
        if not self.training:
            return _gaussian_distortion(x, output, self.log_sigma)
        with torch.no_grad():
            mean_squared_error = (x - output).square().mean()
            log_sigma = 0.5 * torch.log(mean_squared_error)
            log_sigma = LOG_SIGMA_FLOOR + functional.softplus(log_sigma - LOG_SIGMA_FLOOR)
            self.log_sigma.lerp_(log_sigma, self.momentum)
        return _gaussian_distortion(x, output, log_sigma)

    def mean(self, output: Tensor) -> Tensor:
        """The expected standardised image, same shape as `output`."""
        return output


class BernoulliLikelihood(nn.Module):
    """Independent Bernoulli pixels; images in [0, 1], the decoder gives logits."""

    def distortion(self, x: Tensor, output: Tensor) -> Tensor:
        """Cross-entropy in nats per image, shape `(batch,)`; arguments as in the Gaussian's."""
        losses = functional.binary_cross_entropy_with_logits(output, x, reduction="none")
        return losses.sum(PIXELS)

    def mean(self, output: Tensor) -> Tensor:
        """The expected image in [0, 1], same shape as `output`."""
        return torch.sigmoid(output)


Likelihood = GaussianLikelihood | LearnedSigmaLikelihood | BernoulliLikelihood

LIKELIHOODS: dict[str, Callable[[float], Likelihood]] = {
    "gaussian": GaussianLikelihood,
    "gaussian_learned": lambda _sigma: LearnedSigmaLikelihood(),
    "bernoulli": lambda _sigma: BernoulliLikelihood(),
}
"""Name -> likelihood, given the standard deviation that only `gaussian` uses."""


def _gaussian_distortion(x: Tensor, output: Tensor, log_sigma: Tensor) -> Tensor:
    squared_error = (output - x).square().sum(PIXELS)
    return x[0].numel() * log_sigma + 0.5 * squared_error * torch.exp(-2 * log_sigma)
