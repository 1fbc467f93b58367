"""Gaussian pixels of one fixed standard deviation."""

import math
from typing import ClassVar

import torch
from torch import Tensor, nn

from unknot.models.likelihoods import PIXELS


class GaussianLikelihood(nn.Module):
    """Independent Gaussian pixels of one fixed standard deviation (Kingma and Welling 2014, C.2).

    `distortion = D log sigma + ||x - output||^2 / (2 sigma^2)`; the constant `D/2 log 2 pi` is
    dropped.

    Args:
        sigma: standard deviation, in standardized units.
    """

    needs_whole_batch: ClassVar[bool] = False

    def __init__(self, sigma: float = 1.0) -> None:
        super().__init__()
        self.register_buffer("log_sigma", torch.tensor(math.log(sigma)))
        self.log_sigma: Tensor

    def distortion(self, x: Tensor, output: Tensor) -> Tensor:
        """`-log p(x|z)` in nats per image, shape `(batch,)`; see `Likelihood.distortion`."""
        return gaussian_distortion(x, output, self.log_sigma)

    def mean(self, output: Tensor) -> Tensor:
        """The expected standardized image, same shape as `output`."""
        return output


def gaussian_distortion(x: Tensor, output: Tensor, log_sigma: Tensor) -> Tensor:
    """`D log sigma + ||x - output||^2 / (2 sigma^2)` in nats per image.

    Args:
        x: standardized images, shape `(batch, channel, height, width)`.
        output: the mean of each pixel, same shape.
        log_sigma: a scalar.

    Returns:
        Shape `(batch,)`.
    """
    squared_error = (output - x).square().sum(PIXELS)
    return x[0].numel() * log_sigma + 0.5 * squared_error * torch.exp(-2 * log_sigma)
