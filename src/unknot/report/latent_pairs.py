"""Which latent of one run goes with which of another: by the codes of the same test images."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment
from scipy.stats import rankdata

LEAST_CORRELATION = 0.3
"""Below it two latents are not said to go together."""


class Partner(NamedTuple):
    """The latent of another run that a latent goes with.

    Attributes:
        latent: its number.
        correlation: of their codes, Spearman's, -1 to 1.
    """

    latent: int
    correlation: float


def pair_latents(first: NDArray[np.floating], second: NDArray[np.floating]) -> list[Partner | None]:
    """Give every latent of one run its partner in another, each partner once.

    The pairs are those whose absolute rank correlations (Spearman) add up to the most.

    Args:
        first: codes of some images, shape `(num, latent_dim)`.
        second: codes of the same images by the other run, shape `(num, other_latent_dim)`.

    Returns:
        A partner for each latent of the first; None where the correlation is below
        `LEAST_CORRELATION`.
    """
    correlations = rank_correlations(first, second)
    partners: list[Partner | None] = [None] * first.shape[1]
    for latent, other in zip(*linear_sum_assignment(-np.abs(correlations))):
        correlation = float(correlations[latent, other])
        if abs(correlation) >= LEAST_CORRELATION:
            partners[latent] = Partner(latent=int(other), correlation=correlation)
    return partners


def rank_correlations(
    first: NDArray[np.floating], second: NDArray[np.floating]
) -> NDArray[np.float64]:
    """Correlate the ranks of codes; 0 for a latent that never changes.

    Args:
        first: codes of some images, shape `(num, latent_dim)`.
        second: codes of the same images, shape `(num, other_latent_dim)`.

    Returns:
        Spearman's correlations, shape `(latent_dim, other_latent_dim)`.
    """
    return _unit_ranks(first).T @ _unit_ranks(second)


def _unit_ranks(codes: NDArray[np.floating]) -> NDArray[np.float64]:
    """Ranks of each column, centered and of length 1; 0 where all are equal."""
    ranks = rankdata(codes, axis=0).astype(np.float64)
    ranks -= ranks.mean(0)
    length = np.sqrt((ranks**2).sum(0))
    return np.divide(ranks, length, out=np.zeros_like(ranks), where=length > 0)
