"""Cuts values into bins: quantile bins by rank, bins of equal width, levels of a factor."""

import numpy as np
from numpy.typing import NDArray

NUM_BINS = 20
"""The least number of bins. Quantile bins are a multiple of a factor's levels, so that those of a
nearly perfect latent do not lie across its levels."""


def rank_bins(values: NDArray[np.float64], num_bins: int) -> tuple[NDArray[np.int64], int]:
    """Cut values into quantile bins by their mid-ranks.

    Equal values share a bin. Values that are no more than the bins are their own bins, so that a
    discrete latent is never cut across its levels. A point far out moves no bin but its own.

    Args:
        values: shape `(num,)`.
        num_bins: at most so many bins.

    Returns:
        The bin of each value, from 0, int64 of shape `(num,)`, and the number of bins.
    """
    distinct, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    if len(distinct) <= num_bins:
        return inverse.astype(np.int64), len(distinct)
    mid_ranks = (np.cumsum(counts) - counts / 2) / len(values)
    return np.floor(mid_ranks * num_bins).astype(np.int64)[inverse], num_bins


def width_bins(values: NDArray[np.float64], num_bins: int) -> NDArray[np.int64]:
    """Cut values into bins of equal width between the least and the largest.

    Args:
        values: shape `(num,)`.
        num_bins: how many bins.

    Returns:
        The bin of each value, from 0, int64 of shape `(num,)`.
    """
    low, width = values.min(), np.ptp(values)
    if not width:
        return np.zeros(len(values), np.int64)
    return np.minimum((values - low) / width * num_bins, num_bins - 1).astype(np.int64)


def levels_of(values: NDArray[np.float64], num_bins: int | None) -> tuple[NDArray[np.int64], int]:
    """Number the values of a factor, or its quantile bins.

    Args:
        values: shape `(num,)`, NaN where it is not known.
        num_bins: quantile bins of a continuous factor; None to keep every value apart.

    Returns:
        Levels from 0, -1 where it is not known, int64 of shape `(num,)`, and their number.
    """
    known = ~np.isnan(values)
    levels = np.full(len(values), -1, np.int64)
    levels[known], num_levels = rank_bins(values[known], num_bins or len(values))
    return levels, num_levels
