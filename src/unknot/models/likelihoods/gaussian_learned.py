"""Gaussian pixels whose standard deviation is learned."""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from unknot.models.likelihoods.gaussian import gaussian_distortion

LOG_SIGMA_FLOOR = -6.0
MOMENTUM = 0.05


class LearnedSigmaLikelihood(nn.Module):
    """Gaussian pixels whose one standard deviation is always the best for the batch.

    Rybkin, Daniilidis and Levine 2021 (sigma-VAE), section 4.2: `sigma^2` is the batch's mean
    squared error, with `log sigma` softly kept above -6. At the optimum the derivative by sigma is
    zero, so sigma is taken as a constant in the backward pass. Outside training a running value is
    used, so that the distortion of an image does not depend on its neighbors.

    Args:
        sigma: ignored; it is learned.
        momentum: of the running value of log sigma.
    """

    needs_whole_batch: ClassVar[bool] = True

    def __init__(self, sigma: float = 1.0, *, momentum: float = MOMENTUM) -> None:
        super().__init__()
        self.momentum = momentum
        self.register_buffer("log_sigma", torch.tensor(0.0))
        self.log_sigma: Tensor

    def distortion(self, x: Tensor, output: Tensor) -> Tensor:
        """`-log p(x|z)` in nats per image, shape `(batch,)`; see `Likelihood.distortion`."""
        if not self.training:
            return gaussian_distortion(x, output, self.log_sigma)
        with torch.no_grad():
            mean_squared_error = (x - output).square().mean()
            log_sigma = 0.5 * torch.log(mean_squared_error)
            log_sigma = LOG_SIGMA_FLOOR + functional.softplus(log_sigma - LOG_SIGMA_FLOOR)
            self.log_sigma.lerp_(log_sigma, self.momentum)
        return gaussian_distortion(x, output, log_sigma)

    def mean(self, output: Tensor) -> Tensor:
        """The expected standardized image, same shape as `output`."""
        return output
