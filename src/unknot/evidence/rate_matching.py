"""Models brought to the same rate and the same number of active latents, to be compared fairly.

Codes that tell less look more distinct, and so do fewer latents. So latents are left out and noise
is added until models differ in neither.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unknot.config.parts import BETA_VAE
from unknot.metrics.posterior import ACTIVE_VARIANCE

FloatArray = NDArray[np.float64]

BISECTIONS = 40


class RunPosteriors(NamedTuple):
    """One model's posteriors of the test images.

    Attributes:
        beta: it was trained with.
        seed: it was trained with.
        mean: posterior means, shape `(num, latent_dim)`.
        logvar: posterior log variances, the same shape.
        objective: it was trained with.
    """

    beta: float
    seed: int
    mean: NDArray[np.floating]
    logvar: NDArray[np.floating]
    objective: str = BETA_VAE

    @property
    def active(self) -> NDArray[np.int64]:
        """Active latents: the variance of their mean over the data is above 0.01."""
        return np.flatnonzero(self.mean.var(0) > ACTIVE_VARIANCE)

    @property
    def codes(self) -> FloatArray:
        """Posterior means of the active latents, shape `(num, num_active)`."""
        return self.mean[:, self.active].astype(np.float64)

    @property
    def kl(self) -> FloatArray:
        """Rate of each latent in nats, shape `(latent_dim,)`."""
        return noisy_rate(self.mean, self.logvar, 1.0)


class MatchedCodes(NamedTuple):
    """Codes of models after matching.

    Attributes:
        codes: samples of each model's posteriors, each of shape `(num, num_latents)`.
        num_latents: that are left of each.
        rate: mean of each group, in nats.
        rates: of each model after matching, in nats.
    """

    codes: list[FloatArray]
    num_latents: int
    rate: float
    rates: list[float]


class _Latents(NamedTuple):
    """Means and log variances of some of a model's latents."""

    mean: NDArray[np.floating]
    logvar: NDArray[np.floating]


def noisy_rate(
    mean: NDArray[np.floating], logvar: NDArray[np.floating], share: float
) -> FloatArray:
    """Compute the rate of each latent after `z -> share * z + sqrt(1 - share^2) * noise`, in nats.

    The noise is drawn from the prior, which this leaves as it is, so that the rate falls steadily
    from that of the model at `share = 1` to none at 0.

    Args:
        mean: posterior means, shape `(num, latent_dim)`.
        logvar: posterior log variances, the same shape.
        share: from 0 to 1.

    Returns:
        Mean over the images of the divergence from the prior, shape `(latent_dim,)`.
    """
    variance = share**2 * np.exp(logvar.astype(np.float64)) + 1 - share**2
    squares = (share * mean.astype(np.float64)) ** 2
    return np.asarray(0.5 * (squares + variance - 1 - np.log(variance)).mean(0))


def match_rates_jointly(runs: Sequence[RunPosteriors], *, seed: int = 0) -> MatchedCodes | None:
    """Bring the models of all betas to the same number of latents and the same rate.

    Each model keeps its latents of the highest rate, as many as the model with the fewest active
    ones has. Then the codes of each beta are mixed with noise, all of a beta in the same share,
    until its mean rate is that of the beta with the least. One collapsed model would take the
    latents of all others: leave its beta out.

    Args:
        runs: of all betas, one or more, in any order.
        seed: of the samples.

    Returns:
        The models in the order of `runs`; None if one has no active latent.
    """
    betas = sorted({run.beta for run in runs})
    groups = [[i for i, run in enumerate(runs) if run.beta == beta] for beta in betas]
    num = min(len(run.active) for run in runs)
    if not num:
        return None
    latents = [_strongest(run, num) for run in runs]
    members = [[latents[i] for i in group] for group in groups]
    target = min(_mean_rate(group, 1.0) for group in members)
    shares = np.ones(len(runs))
    for group, group_latents in zip(groups, members):
        shares[list(group)] = _share(group_latents, target)
    return MatchedCodes(
        codes=[
            _noisy_codes(part, share, np.random.default_rng([seed, i, *b"matching"]))
            for i, (part, share) in enumerate(zip(latents, shares))
        ],
        num_latents=num,
        rate=target,
        rates=[_mean_rate([part], share) for part, share in zip(latents, shares)],
    )


def _strongest(run: RunPosteriors, num: int) -> _Latents:
    """The active latents with the highest rates."""
    order = np.argsort(-run.kl[run.active], kind="stable")[:num]
    columns = np.sort(run.active[order])
    return _Latents(run.mean[:, columns], run.logvar[:, columns])


def _noisy_codes(latents: _Latents, share: float, rng: np.random.Generator) -> FloatArray:
    """Samples of posteriors that keep so much of themselves."""
    std = np.sqrt(share**2 * np.exp(latents.logvar) + 1 - share**2)
    return np.asarray(share * latents.mean + std * rng.standard_normal(latents.mean.shape))


def _mean_rate(group: Sequence[_Latents], share: float) -> float:
    """Mean rate of models whose codes keep so much of themselves."""
    return float(np.mean([noisy_rate(mean, logvar, share).sum() for mean, logvar in group]))


def _share(group: Sequence[_Latents], target: float) -> float:
    """How much of their codes the models of a group keep so that their mean rate is the target."""
    low, high = 0.0, 1.0
    if _mean_rate(group, high) <= target:
        return high
    for _ in range(BISECTIONS):
        middle = (low + high) / 2
        if _mean_rate(group, middle) > target:
            high = middle
        else:
            low = middle
    return low
