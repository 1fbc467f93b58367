"""Estimates from nearest neighbours: mutual information without bins, total correlation.

Equal distances are dealt with in expectation, so that codes with few distinct values need no noise
added to them.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import digamma

FloatArray = NDArray[np.float64]

NUM_NEIGHBOURS = 10
SINGULAR = 1e-9
AT_LEAST = 1 + 1e-10  # a ball holds the neighbour that gave its radius, whatever rounding says


def information_with_levels(
    levels: NDArray[np.int64], code: FloatArray, *, num_neighbours: int = NUM_NEIGHBOURS
) -> float:
    """Mutual information of a discrete and a continuous variable (Ross 2014, eq. 2), in nats.

    Args:
        levels: from 0, shape `(num,)`.
        code: shape `(num,)`.
        num_neighbours: k; a level with fewer points uses all it has, one with one point is left
            out.

    Returns:
        The estimate, not below 0.
    """
    counts = np.bincount(levels)
    kept = counts[levels] > 1
    levels, code = levels[kept], code[kept]
    if not len(code):
        return 0.0
    ordered = np.sort(code)
    unique = bool((np.diff(ordered) > 0).all())
    radius, nearer, tied = (np.empty(len(code)) for _ in range(3))
    k = np.minimum(num_neighbours, counts[levels] - 1)
    for level in np.flatnonzero(counts > 1):
        rows = np.flatnonzero(levels == level)
        order = rows[np.argsort(code[rows], kind="stable")]
        radius[order] = _kth_distance(code[order], int(k[order[0]]))
        if not unique:
            nearer[order], tied[order] = _nearer_and_tied(code[order], code[order], radius[order])
    if unique:
        rank = _num_within(ordered, code, radius * AT_LEAST)
        log_rank = digamma(rank)
    else:
        all_nearer, all_tied = _nearer_and_tied(ordered, code, radius)
        log_rank = _expected_digamma(k - nearer, tied, all_nearer, all_tied)
    terms = digamma(k) - log_rank - digamma(counts[levels])
    return max(float(digamma(len(code)) + terms.mean()), 0.0)


def _expected_digamma(
    wanted: FloatArray, tied: FloatArray, all_nearer: FloatArray, all_tied: FloatArray
) -> FloatArray:
    """Expected digamma of a neighbour's rank among all, were equal distances told apart at random.

    It is the rank of the `wanted`-th of the `tied` points of the level among `all_tied`, a negative
    hypergeometric variable, behind `all_nearer` others; to second order in its deviation.
    """
    mean = all_nearer + wanted * (all_tied + 1) / (tied + 1)
    variance = wanted * (tied + 1 - wanted) * (all_tied + 1) * (all_tied - tied)
    variance /= (tied + 1) ** 2 * (tied + 2)
    return np.asarray(digamma(mean) - variance / (2 * mean**2))


def total_correlation(
    codes: FloatArray, rng: np.random.Generator, *, num_neighbours: int = NUM_NEIGHBOURS
) -> float:
    """How much the codes tell of one another: KL from their joint to the product (Watanabe 1960).

    The part that linear correlation explains is computed, `-0.5 ln det R` with what the entropies
    of the single codes change by making them uncorrelated; what is left then is estimated by
    nearest neighbours (Kraskov et al. 2004, eq. 8), which is accurate where little is left.

    Args:
        codes: shape `(num, num_codes)`.
        rng: spreads equal values of a code over the gap to the next, which changes nothing.
        num_neighbours: k.

    Returns:
        Nats; 0 for independent codes, `inf` if one is a linear function of the others. With two
        codes it is their mutual information.
    """
    if codes.shape[1] < 2:
        return 0.0
    if np.linalg.eigvalsh(np.corrcoef(codes.T))[0] < SINGULAR and not _has_ties(codes):
        return float("inf")
    spread = np.stack([_spread(code, rng) for code in codes.T], axis=1)
    spread = (spread - spread.mean(0)) / spread.std(0)
    variances, axes = np.linalg.eigh(np.corrcoef(spread.T))
    if variances[0] < SINGULAR:
        return float("inf")
    whitened = spread @ axes / np.sqrt(variances) @ axes.T
    alone = sum(map(entropy, spread.T)) - sum(map(entropy, whitened.T))
    linear = -0.5 * np.log(variances).sum()
    return max(float(alone + linear + multi_information(whitened, num_neighbours)), 0.0)


def entropy(code: FloatArray, *, num_neighbours: int = NUM_NEIGHBOURS) -> float:
    """Differential entropy of one continuous variable (Kozachenko and Leonenko 1987), in nats."""
    radius = np.empty(len(code))
    order = np.argsort(code, kind="stable")
    radius[order] = _kth_distance(code[order], num_neighbours)
    return float(digamma(len(code)) - digamma(num_neighbours) + np.log(2 * radius).mean())


def multi_information(points: FloatArray, num_neighbours: int = NUM_NEIGHBOURS) -> float:
    """Total correlation by neighbours alone (Kraskov et al. 2004, eq. 8 and 23).

    Args:
        points: continuous, of comparable scale, shape `(num, dim)`.
        num_neighbours: k.

    Returns:
        Nats; it scatters round 0 for independent columns and is too low for strong dependence in
        many dimensions.
    """
    num, dim = points.shape
    radius = cKDTree(points).query(points, num_neighbours + 1, p=np.inf)[0][:, -1]
    nearer = [_num_within(np.sort(column), column, radius / AT_LEAST) for column in points.T]
    terms = digamma(num_neighbours) + (dim - 1) * digamma(num)
    return float(terms - digamma(np.stack(nearer) + 1).sum(0).mean())


def _has_ties(codes: FloatArray) -> bool:
    return any(len(np.unique(code)) < len(code) for code in codes.T)


def _spread(code: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Values of a code that repeats itself, each spread evenly over the gap round it."""
    distinct, inverse = np.unique(code, return_inverse=True)
    if len(distinct) in (1, len(code)):
        return code
    middles = (distinct[1:] + distinct[:-1]) / 2
    low = np.concatenate([[2 * distinct[0] - middles[0]], middles])
    high = np.concatenate([middles, [2 * distinct[-1] - middles[-1]]])
    return np.asarray(rng.uniform(low[inverse], high[inverse]))


def _kth_distance(ordered: FloatArray, k: int) -> FloatArray:
    """Distance of each of ascending values to its k-th nearest other, shape `(num,)`."""
    num = len(ordered)
    best = np.full(num, np.inf)
    for below in range(k + 1):
        centre = np.arange(below, num - (k - below))
        low, high = ordered[centre - below], ordered[centre + k - below]
        reach = np.maximum(ordered[centre] - low, high - ordered[centre])
        best[centre] = np.minimum(best[centre], reach)
    return best


def _nearer_and_tied(
    ordered: FloatArray, centres: FloatArray, radius: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """How many others of ascending values are nearer than a radius, and how many just there."""
    nearer = np.where(radius > 0, _num_within(ordered, centres, radius / AT_LEAST), 0)
    return nearer, _num_within(ordered, centres, radius * AT_LEAST) - nearer


def _num_within(ordered: FloatArray, centres: FloatArray, reach: FloatArray) -> FloatArray:
    """How many of ascending values lie within reach of each centre, which is one of them."""
    high = np.searchsorted(ordered, centres + reach, "right")
    low = np.searchsorted(ordered, centres - reach, "left")
    return np.maximum(high - low - 1, 0).astype(np.float64)
