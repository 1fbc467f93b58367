"""Entropies and mutual information of discrete tables.

The plug-in estimate of mutual information is too high by about `(K - 1)(B - 1) / 2N` nats for K
levels, B bins and N points, and bins that straddle levels lose information. Nearest neighbors need
no bins (Ross 2014); where images repeat, the estimate of Miller and Madow over quantile bins
corrects the bias. The plug-in estimate over bins of equal width is for metrics that are shares,
over which its excess spreads evenly.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unknot.metrics.estimators.bins import NUM_BINS, rank_bins, width_bins
from unknot.metrics.estimators.knn import information_with_levels

FloatArray = NDArray[np.float64]

MOST_BINNED_LEVELS = 10  # of a factor, where images repeat
FEW_NEIGHBORS = 3  # so that levels with five points each are not smoothed over
REPEATS = 1.2  # images for each one that differs, from which on they repeat


class Information(NamedTuple):
    """What every latent tells of every factor, in nats.

    Attributes:
        corrected: mutual information without the bias of few points, by three neighbors (Ross
            2014), or over quantile bins (Miller and Madow) where images repeat and a factor has
            up to ten levels; shape `(num_latents, num_factors)`.
        plug_in: by relative frequencies over bins of equal width, the same shape.
        joint_entropy: of a latent's bin and a factor's level, the same shape: the sum of their
            entropies less `corrected`.
        num_bins: bins of each latent beside each factor, the same shape.
        entropy: of each factor, corrected, shape `(num_factors,)`.
    """

    corrected: FloatArray
    plug_in: FloatArray
    joint_entropy: FloatArray
    num_bins: FloatArray
    entropy: FloatArray


def entropy(counts: NDArray[np.number], *, corrected: bool = False) -> float:
    """Compute the entropy of a table of counts or probabilities, in nats.

    Args:
        counts: not negative, any shape.
        corrected: add `(cells that occur - 1) / 2N` (Miller 1955), for counts.
    """
    cells = counts[counts > 0].astype(np.float64)
    total = cells.sum()
    shares = cells / total
    value = float(-(shares * np.log(shares)).sum())
    return value + (len(cells) - 1) / (2 * total) if corrected else value


def mutual_information(counts: NDArray[np.number], *, corrected: bool = False) -> float:
    """Compute the mutual information of the rows and columns of a table, in nats.

    Args:
        counts: counts or probabilities, shape `(rows, columns)`.
        corrected: with Miller's correction of the three entropies, for counts; it can then fall
            below zero by chance.
    """
    rows = entropy(counts.sum(1), corrected=corrected)
    columns = entropy(counts.sum(0), corrected=corrected)
    return rows + columns - entropy(counts, corrected=corrected)


def contingency(
    first: NDArray[np.int64], num_first: int, second: NDArray[np.int64], num_second: int
) -> NDArray[np.int64]:
    """Count how often each pair of levels occurs, shape `(num_first, num_second)`."""
    pairs = np.bincount(first * num_second + second, minlength=num_first * num_second)
    return pairs.reshape(num_first, num_second)


def information_between(
    codes: FloatArray, factors: Sequence[tuple[NDArray[np.int64], int]]
) -> Information:
    """Measure what each latent tells of each factor, at the points where the factor is known.

    Args:
        codes: shape `(num, num_latents)`.
        factors: levels (-1 where not known) and their number, for each factor.
    """
    shape = (codes.shape[1], len(factors))
    corrected, plug_in = np.zeros(shape), np.zeros(shape)
    joint_entropy, num_bins = np.zeros(shape), np.zeros(shape)
    entropies = np.zeros(len(factors))
    repeat = _images_repeat(codes)
    for k, (levels, num_levels) in enumerate(factors):
        known_levels = levels[levels >= 0]
        entropies[k] = entropy(np.bincount(known_levels), corrected=True)
        for j, latent in enumerate(codes[levels >= 0].T):
            bins, num = rank_bins(latent, -(-NUM_BINS // num_levels) * num_levels)
            counts = contingency(known_levels, num_levels, bins, num)
            if repeat and num_levels <= MOST_BINNED_LEVELS:
                value = mutual_information(counts, corrected=True)
            else:
                value = information_with_levels(known_levels, latent, num_neighbors=FEW_NEIGHBORS)
            corrected[j, k] = np.clip(value, 0, entropies[k])
            plug_in[j, k] = _plug_in(known_levels, num_levels, latent)
            latent_entropy = min(entropy(counts.sum(0), corrected=True), np.log(num))
            joint_entropy[j, k] = entropies[k] + latent_entropy - corrected[j, k]
            num_bins[j, k] = num
    return Information(
        corrected=corrected,
        plug_in=plug_in,
        joint_entropy=joint_entropy,
        num_bins=num_bins,
        entropy=entropies,
    )


def _images_repeat(codes: FloatArray) -> bool:
    """Whether many rows are the same; between copies neighbors see no difference.

    There each latent of codes without noise tells of all factors wholly, however little of one it
    holds.
    """
    return bool(codes.size) and REPEATS * len(np.unique(codes, axis=0)) <= len(codes)


def _plug_in(levels: NDArray[np.int64], num_levels: int, latent: FloatArray) -> float:
    """Mutual information by relative frequencies over bins of equal width."""
    num = max(NUM_BINS, num_levels)
    return mutual_information(contingency(levels, num_levels, width_bins(latent, num), num))
