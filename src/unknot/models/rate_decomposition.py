"""The rate in three parts: index-code mutual information, total correlation, dimension-wise KL.

Chen et al. 2018, equation 2: averaged over images, and with q(z) the average of all N posteriors,

    E KL(q(z|n) || p(z)) = E log q(z|n)/q(z) + E log q(z)/prod_d q(z_d) + E log prod_d q(z_d)/p(z)

q(z) of a sample is estimated from the posteriors of its batch, whose weights depend on how many
images there are. The three estimates add up to `log q(z|n) - log p(z)` whatever the weights are, so
their sum says nothing about the parts.
"""

import math
from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from unknot.models.vae import Posterior

LOG_2PI = math.log(2 * math.pi)


class RateParts(NamedTuple):
    """Parts of the rate, in nats per image; scalars.

    Attributes:
        mutual_information: between an image and its code.
        total_correlation: of the latents: 0 where they are independent of one another.
        dimension_wise_kl: how far each latent by itself is from the prior, summed over latents.
    """

    mutual_information: Tensor
    total_correlation: Tensor
    dimension_wise_kl: Tensor


class LogDensities(NamedTuple):
    """Logarithms of the estimated density of each sample under the average posterior.

    Attributes:
        joint: of all latents, shape `(batch,)`.
        per_latent: of each latent by itself, shape `(batch, latent_dim)`.
    """

    joint: Tensor
    per_latent: Tensor


def exact_weights(batch_size: int, num_images: int) -> Tensor:
    """Weigh the posteriors of a batch that was drawn without replacement.

    The sample's own image is one of N, and each of the others stands for `(N - 1) / (B - 1)`
    images. Unbiased for q(z), and of all such weights those with the least variance.

    Args:
        batch_size: images of the batch, B.
        num_images: from which it was drawn, N.

    Returns:
        Weight of the posterior of image j for the sample of image i, shape `(batch, batch)`; each
        row sums to 1.
    """
    others = (num_images - 1) / (num_images * max(batch_size - 1, 1))
    return torch.full((batch_size, batch_size), others).fill_diagonal_(1 / num_images)


def stratified_weights(batch_size: int, num_images: int) -> Tensor:
    """Weigh by minibatch stratified sampling (Chen et al. 2018, appendix C.2).

    With M = B - 1: 1/N for the sample's own image, which is the diagonal, `(N - M) / (N M)` for
    the image after it in the batch, and 1/M for the others. Unbiased for q(z). Where a
    batch has more images than there are, as validation images may be, no such weights exist, and
    those of `exact_weights` are given.

    Args:
        batch_size: images of the batch, B.
        num_images: from which it was drawn, N.

    Returns:
        As of `exact_weights`.
    """
    num_others = max(batch_size - 1, 1)
    if num_others >= num_images:
        return exact_weights(batch_size, num_images)
    after = (torch.arange(batch_size) + 1) % batch_size
    weights = torch.full((batch_size, batch_size), 1 / num_others)
    weights[torch.arange(batch_size), after] = (num_images - num_others) / (num_images * num_others)
    return weights.fill_diagonal_(1 / num_images)


def minibatch_weights(batch_size: int, num_images: int) -> Tensor:
    """Weigh by minibatch weighted sampling (Chen et al. 2018, appendix C.1): 1/(N B) for all.

    Rows sum to 1/N: log q(z) is too low by about log N, so that the total correlation of D latents
    is too high by about `(D - 1) log N`, a constant without gradient.

    Args:
        batch_size: images of the batch, B.
        num_images: from which it was drawn, N.

    Returns:
        As of `exact_weights`.
    """
    return torch.full((batch_size, batch_size), 1 / (num_images * batch_size))


ESTIMATORS: dict[str, Callable[[int, int], Tensor]] = {
    "exact": exact_weights,
    "weighted": minibatch_weights,
    "stratified": stratified_weights,
}
"""Name -> weights of a batch's posteriors, from its size and the number of images."""


def average_posterior(z: Tensor, posterior: Posterior, weights: Tensor) -> LogDensities:
    """Estimate the density of samples under the average of all posteriors.

    Args:
        z: sample i is drawn from posterior i, shape `(batch, latent_dim)`.
        posterior: of the batch.
        weights: shape `(batch, batch)`.
    """
    log_weights = weights.to(z).log()[:, :, None]
    pairs = _log_density(z[:, None], Posterior(posterior.mean[None], posterior.logvar[None]))
    joint = pairs.sum(2, keepdim=True)
    densities = torch.logsumexp(torch.cat([joint, pairs], 2) + log_weights, 1)
    return LogDensities(joint=densities[:, 0], per_latent=densities[:, 1:])


def decompose_rate(z: Tensor, posterior: Posterior, weights: Tensor) -> RateParts:
    """Estimate the parts of the rate from one sample of each image.

    Args:
        z: sample i is drawn from posterior i, shape `(batch, latent_dim)`.
        posterior: of the batch.
        weights: of one of the `ESTIMATORS`, shape `(batch, batch)`.
    """
    densities = average_posterior(z, posterior, weights)
    given_image = _log_density(z, posterior).sum(1).mean()
    prior = -0.5 * (z.square() + LOG_2PI).sum(1).mean()
    joint, product = densities.joint.mean(), densities.per_latent.sum(1).mean()
    return RateParts(
        mutual_information=given_image - joint,
        total_correlation=joint - product,
        dimension_wise_kl=product - prior,
    )


def _log_density(z: Tensor, posterior: Posterior) -> Tensor:
    """Of each latent, in nats; shapes broadcast."""
    mean, logvar = posterior
    return -0.5 * ((z - mean).square() * (-logvar).exp() + logvar + LOG_2PI)
