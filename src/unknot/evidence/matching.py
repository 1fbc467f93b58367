"""Models brought to the same rate and the same number of active latents, to be compared fairly.

Codes that tell less look more distinct, and so do fewer of them. So latents are left out and noise
is added until models differ in neither.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unknot.measure.posterior import ACTIVE_VARIANCE

FloatArray = NDArray[np.float64]

Part = tuple[NDArray[np.floating], NDArray[np.floating]]
"""Means and log variances of some of a model's latents."""

BISECTIONS = 40


class RunCodes(NamedTuple):
    """One model's posteriors of the test images.

    Attributes:
        beta: it was trained with.
        seed: it was trained with.
        mean: posterior means, shape `(num, latent_dim)`.
        logvar: posterior log variances, the same shape.
    """

    beta: float
    seed: int
    mean: NDArray[np.floating]
    logvar: NDArray[np.floating]

    @property
    def active(self) -> NDArray[np.int64]:
        """Latents in use: the variance of their mean over the data is above 0.01."""
        return np.flatnonzero(self.mean.var(0) > ACTIVE_VARIANCE)

    @property
    def codes(self) -> FloatArray:
        """Posterior means of the active latents, shape `(num, num_active)`."""
        return self.mean[:, self.active].astype(np.float64)

    @property
    def kl(self) -> FloatArray:
        """Rate of each latent in nats, shape `(latent_dim,)`."""
        return noisy_rate(self.mean, self.logvar, 1.0)


class Matched(NamedTuple):
    """Models after matching.

    Attributes:
        codes: samples of each model's posteriors, each of shape `(num, num_latents)`.
        num_latents: that are left of each.
        rate: mean of either group, in nats.
        rates: of each model after matching, in nats.
    """

    codes: list[FloatArray]
    num_latents: int
    rate: float
    rates: list[float]


def noisy_rate(mean: NDArray[np.floating], logvar: NDArray[np.floating], kept: float) -> FloatArray:
    """Rate of each latent after `z -> kept * z + sqrt(1 - kept^2) * noise`, in nats.

    The noise is drawn from the prior, which this leaves as it is, so that the rate falls steadily
    from that of the model at `kept = 1` to none at 0.

    Args:
        mean: posterior means, shape `(num, latent_dim)`.
        logvar: posterior log variances, the same shape.
        kept: from 0 to 1.

    Returns:
        Mean over the images of the divergence from the prior, shape `(latent_dim,)`.
    """
    variance = kept**2 * np.exp(logvar.astype(np.float64)) + 1 - kept**2
    squares = (kept * mean.astype(np.float64)) ** 2
    return np.asarray(0.5 * (squares + variance - 1 - np.log(variance)).mean(0))


def match(low: Sequence[RunCodes], high: Sequence[RunCodes], *, seed: int = 0) -> Matched | None:
    """Bring two groups of models to the same number of latents and the same rate.

    Each model keeps its latents of the highest rate, as many as the model with the fewest active
    ones has. Then the codes of the group with the higher mean rate are mixed with noise, all in the
    same share, until the two groups' mean rates are equal. The codes are samples of the posteriors,
    which is what the rate measures, not their means.

    Args:
        low: one group.
        high: the other.
        seed: of the samples.

    Returns:
        The models of `low`, then those of `high`; None if one has no active latent.
    """
    runs = [*low, *high]
    num = min(len(run.active) for run in runs)
    if not num:
        return None
    kept = [_strongest(run, num) for run in runs]
    parts = [(run.mean[:, one], run.logvar[:, one]) for run, one in zip(runs, kept)]
    groups = parts[: len(low)], parts[len(low) :]
    target = min(_mean_rate(group, 1.0) for group in groups)
    shares = [_share(group, target) for group in groups for _ in group]
    codes = []
    for i, ((mean, logvar), share) in enumerate(zip(parts, shares)):
        rng = np.random.default_rng([seed, i, *b"matching"])
        deviation = np.sqrt(share**2 * np.exp(logvar) + 1 - share**2)
        codes.append(share * mean + deviation * rng.standard_normal(mean.shape))
    rates = [_mean_rate([part], share) for part, share in zip(parts, shares)]
    return Matched(codes, num, target, rates)


def _strongest(run: RunCodes, num: int) -> NDArray[np.int64]:
    """The active latents with the highest rates."""
    order = np.argsort(-run.kl[run.active], kind="stable")[:num]
    return np.sort(run.active[order])


def _mean_rate(group: Sequence[Part], share: float) -> float:
    """Of some models whose codes keep so much of themselves."""
    return float(np.mean([noisy_rate(mean, logvar, share).sum() for mean, logvar in group]))


def _share(group: Sequence[Part], target: float) -> float:
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
