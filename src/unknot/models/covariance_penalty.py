"""How far the covariance of a batch's latents is from the unit matrix (Kumar et al. 2018)."""

from typing import NamedTuple

import torch
from torch import Tensor


class CovariancePenalty(NamedTuple):
    """Sums of squares, without weights; scalars.

    Attributes:
        off_diagonal: of the covariances of two latents, each pair twice.
        diagonal: of the variances' distances from 1.
    """

    off_diagonal: Tensor
    diagonal: Tensor


def batch_covariance(codes: Tensor) -> Tensor:
    """Give the covariance of latents over a batch, divided by its size.

    Args:
        codes: shape `(batch, latent_dim)`.

    Returns:
        Shape `(latent_dim, latent_dim)`.
    """
    centered = codes - codes.mean(0)
    return centered.T @ centered / len(codes)


def covariance_penalty(covariance: Tensor) -> CovariancePenalty:
    """Compare a covariance with the unit matrix.

    Args:
        covariance: shape `(latent_dim, latent_dim)`.
    """
    variances = covariance.diagonal()
    off_diagonal = covariance - torch.diag(variances)
    return CovariancePenalty(
        off_diagonal=off_diagonal.square().sum(), diagonal=(variances - 1).square().sum()
    )
