"""Bernoulli pixels."""

from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn import functional

from unknot.models.likelihoods import PIXELS


class BernoulliLikelihood(nn.Module):
    """Independent Bernoulli pixels (Kingma and Welling 2014, C.1): the decoder gives logits.

    Images must lie in [0, 1].

    Args:
        sigma: ignored; Bernoulli pixels have none.
    """

    needs_whole_batch: ClassVar[bool] = False

    def __init__(self, sigma: float = 1.0) -> None:
        super().__init__()

    def distortion(self, x: Tensor, output: Tensor) -> Tensor:
        """Cross-entropy in nats per image, shape `(batch,)`; see `Likelihood.distortion`."""
        losses = functional.binary_cross_entropy_with_logits(output, x, reduction="none")
        return losses.sum(PIXELS)

    def mean(self, output: Tensor) -> Tensor:
        """The expected image in [0, 1], same shape as `output`."""
        return torch.sigmoid(output)
