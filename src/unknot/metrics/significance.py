"""Which latents tell anything of which factors: a permutation test over all pairs at once."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unknot.metrics.estimators.bins import NUM_BINS, rank_bins
from unknot.metrics.table import Table

NUM_PERMUTATIONS = 200
MAX_POINTS = 5_000
LEVEL = 0.001
MIN_OTHERS = 10  # points that must not have a factor's commonest value


def informative_pairs(table: Table) -> NDArray[np.bool_]:
    """Find the pairs of a latent and a factor that beat permuted labels; tested once for a table.

    Returns:
        Shape `(num_active, num_factors)`.
    """
    key = "informative pairs"
    if key not in table.cache:
        levels = [(factor.levels, factor.num_levels) for factor in table.factors]
        rng = table.rng("permutation test")
        table.cache[key] = mutual_information_test(table.codes, levels, rng)
    pairs: NDArray[np.bool_] = table.cache[key]
    return pairs


def uninformative_latents_flag(table: Table) -> tuple[str, ...]:
    """Name latents that tell of no factor where others do: they count in a mean all the same.

    Returns:
        The flag, or nothing where there are none, or for a quick table, which makes no test.
    """
    if table.quick or not informative_pairs(table).any():
        return ()
    uninformative = np.flatnonzero(~np.any(informative_pairs(table), axis=1))
    if not len(uninformative):
        return ()
    columns = ", ".join(str(column) for column in sorted(table.source_columns[uninformative]))
    return (f"latents that tell of no factor count as well: {columns} (from 0)",)


def mutual_information_test(
    codes: NDArray[np.float64],
    factors: Sequence[tuple[NDArray[np.int64], int]],
    rng: np.random.Generator,
) -> NDArray[np.bool_]:
    """Find the pairs whose mutual information beats that of permuted labels.

    The statistic is the plug-in mutual information, less its mean over permutations and in units of
    their standard deviation, so that factors with few and with many levels compare. The threshold
    is for its largest value over all pairs (Westfall and Young 1993): the 99.9% quantile of a
    Gumbel distribution with the mean and deviation of those of 200 permutations, so that noise
    passes once in a thousand tables. A factor that fewer than ten points have another value of than
    the commonest beats nothing. At most 5,000 points are used.

    Args:
        codes: shape `(num, num_latents)`.
        factors: levels (-1 where not known) and their number, for each factor.
        rng: draws the permutations.

    Returns:
        Shape `(num_latents, num_factors)`.
    """
    if not codes.shape[1]:
        return np.zeros((0, len(factors)), bool)
    rows = rng.permutation(len(codes))[:MAX_POINTS]
    observed = np.zeros((codes.shape[1], len(factors)))
    null = np.zeros((NUM_PERMUTATIONS, *observed.shape))
    for k, (levels, num_levels) in enumerate(factors):
        known = rows[levels[rows] >= 0]
        num_bins = max(NUM_BINS, num_levels)
        if len(known) - np.bincount(levels[known], minlength=1).max() < MIN_OTHERS:
            continue
        bins = np.stack([rank_bins(latent, num_bins)[0] for latent in codes[known].T])
        known_levels = levels[known]
        observed[:, k] = _dependence(bins, known_levels, num_bins, num_levels)
        for i in range(NUM_PERMUTATIONS):
            null[i, :, k] = _dependence(bins, rng.permutation(known_levels), num_bins, num_levels)
    return _beat_largest(observed, null)


def _beat_largest(observed: NDArray[np.float64], null: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Hold each pair against the largest of all pairs in the permutations."""
    mean, deviation = null.mean(0), null.std(0)
    usable = deviation > 0
    scale = np.where(usable, deviation, 1)
    largest = np.where(usable, (null - mean) / scale, 0).max((1, 2), initial=0)
    return usable & ((observed - mean) / scale > _gumbel_quantile(largest, 1 - LEVEL))


def _gumbel_quantile(values: NDArray[np.float64], share: float) -> float:
    """Compute a quantile of the Gumbel distribution with the mean and deviation of some values."""
    width = values.std() * np.sqrt(6) / np.pi
    return float(values.mean() - width * (np.euler_gamma + np.log(-np.log(share))))


def _dependence(
    bins: NDArray[np.int64], levels: NDArray[np.int64], num_bins: int, num_levels: int
) -> NDArray[np.float64]:
    """Sum `n ln n` over joint cells: mutual information but for what no permutation changes."""
    cells = num_bins * num_levels
    offset = np.arange(len(bins))[:, None] * cells
    counts = np.bincount((bins * num_levels + levels + offset).ravel(), minlength=cells * len(bins))
    filled = counts.astype(np.float64)
    np.log(filled, out=filled, where=counts > 0)
    return np.asarray((filled * counts).reshape(len(bins), cells).sum(1))
