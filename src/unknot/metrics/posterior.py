"""What posteriors alone show: active latents, and how far codes stray from the prior."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.metrics.estimators.knn import entropy, total_correlation
from unknot.metrics.inputs import numbers

FloatArray = NDArray[np.floating]

ACTIVE_VARIANCE = 0.01
MIN_POINTS = 20


def active_units(posterior_mean: FloatArray) -> NDArray[np.bool_]:
    """Find the active latents: the variance of their posterior mean over the data is above 0.01.

    Args:
        posterior_mean: shape `(num, latent_dim)`.

    Returns:
        Shape `(latent_dim,)` (Burda et al. 2016, section 5.2).
    """
    return np.asarray(numbers("posterior_mean", posterior_mean).var(0) > ACTIVE_VARIANCE)


class MarginalKL(NamedTuple):
    """KL divergence from the aggregate posterior to the standard normal prior, in nats.

    Attributes:
        per_latent: of each latent alone, shape `(latent_dim,)`.
        total_correlation: of the latents together, the part that no latent shows alone.
    """

    per_latent: NDArray[np.float64]
    total_correlation: float

    @property
    def total(self) -> float:
        """`KL(q(z) || p(z))`: the sum of both (Hoffman and Johnson 2016)."""
        return float(self.per_latent.sum()) + self.total_correlation


def marginal_kl(
    posterior_mean: FloatArray, posterior_logvar: FloatArray, *, seed: int = 0
) -> MarginalKL:
    """Estimate how far the codes of all images together are from the prior, in nats.

    It is the KL divergence from the aggregate posterior to the prior (Hoffman and Johnson 2016),
    0 if the codes fill the prior. One sample of each image's posterior stands for the aggregate
    posterior; entropies are estimated by nearest neighbors, since estimates from minibatches need
    a rate far below the logarithm of the number of images.

    Args:
        posterior_mean: shape `(num, latent_dim)`, at least 20 images.
        posterior_logvar: the same shape.
        seed: of the samples.

    Raises:
        UserError: if they are not finite numbers of one shape, or too few.
    """
    mean = numbers("posterior_mean", posterior_mean)
    logvar = numbers("posterior_logvar", posterior_logvar)
    if mean.shape != logvar.shape or mean.ndim != 2 or len(mean) < MIN_POINTS:
        raise UserError(
            f"posterior_mean has shape {mean.shape} and posterior_logvar {logvar.shape}; both must "
            f"be (num, latent_dim) with at least {MIN_POINTS} images"
        )
    rng = np.random.default_rng([seed, *b"aggregate posterior"])
    z = mean + np.exp(logvar / 2) * rng.standard_normal(mean.shape)
    cross_entropy = 0.5 * np.log(2 * np.pi) + 0.5 * (z**2).mean(0)
    per_latent = cross_entropy - np.array([entropy(latent) for latent in z.T])
    return MarginalKL(np.maximum(per_latent, 0), total_correlation(z, rng))
