"""Estimates from nearest neighbors: mutual information without bins, total correlation.

Equal distances are dealt with in expectation, so that latents with few distinct values need no
noise added to them.
"""

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import cKDTree
from scipy.special import digamma

FloatArray = NDArray[np.float64]

NUM_NEIGHBORS = 10
SINGULAR = 1e-9
AT_LEAST = 1 + 1e-10  # a ball holds the neighbor that gave its radius, whatever rounding says


def information_with_levels(
    levels: NDArray[np.int64],
    latent: FloatArray,
    *,
    num_neighbors: int = NUM_NEIGHBORS,
    order: NDArray[np.int64] | None = None,
) -> float:
    """Estimate the information of a discrete and a continuous variable (Ross 2014, eq. 2), in nats.

    Args:
        levels: from 0, shape `(num,)`.
        latent: shape `(num,)`.
        num_neighbors: k; a level with fewer points uses all it has, one with one point is left
            out.
        order: `np.argsort(latent, kind="stable")`, if it is known.

    Returns:
        The estimate, not below 0.
    """
    counts = np.bincount(levels)
    order = np.argsort(latent, kind="stable") if order is None else order
    order = order[counts[levels[order]] > 1]
    levels, latent = levels[order], latent[order]
    if not len(latent):
        return 0.0
    unique = bool((np.diff(latent) > 0).all())
    radius, nearer, tied = (np.empty(len(latent)) for _ in range(3))
    for level in np.flatnonzero(counts > 1):
        rows = np.flatnonzero(levels == level)
        same = latent[rows]
        radius[rows] = _kth_distance(same, min(num_neighbors, len(rows) - 1))
        if not unique:
            nearer[rows], tied[rows] = _nearer_and_tied(same, same, radius[rows])
    k = np.clip(counts - 1, 1, num_neighbors)
    if unique:
        log_rank = digamma(_num_within(latent, latent, radius * AT_LEAST))
    else:
        all_nearer, all_tied = _nearer_and_tied(latent, latent, radius)
        log_rank = _expected_digamma(k[levels] - nearer, tied, all_nearer, all_tied)
    terms = (digamma(k) - digamma(counts))[levels] - log_rank
    return max(float(digamma(len(latent)) + terms.mean()), 0.0)


def _expected_digamma(
    wanted: FloatArray, tied: FloatArray, all_nearer: FloatArray, all_tied: FloatArray
) -> FloatArray:
    """Expect the digamma of a neighbor's rank among all, if ties are broken at random.

    It is the rank of the `wanted`-th of the `tied` points of the level among `all_tied`, a negative
    hypergeometric variable, behind `all_nearer` others; to second order in its deviation.
    """
    mean = all_nearer + wanted * (all_tied + 1) / (tied + 1)
    variance = wanted * (tied + 1 - wanted) * (all_tied + 1) * (all_tied - tied)
    variance /= (tied + 1) ** 2 * (tied + 2)
    return np.asarray(digamma(mean) - variance / (2 * mean**2))


def total_correlation(
    codes: FloatArray, rng: np.random.Generator, *, num_neighbors: int = NUM_NEIGHBORS
) -> float:
    """Estimate what latents tell of one another: KL from joint to product (Watanabe 1960).

    The part that linear correlation explains is computed, `-0.5 ln det R` with what the entropies
    of the single latents change by making them uncorrelated; what is left then is estimated by
    nearest neighbors (Kraskov et al. 2004, eq. 8), which is accurate where little is left.

    Args:
        codes: shape `(num, num_latents)`.
        rng: spreads equal values of a latent over the gap to the next, which changes nothing.
        num_neighbors: k.

    Returns:
        Nats; 0 for independent latents, `inf` if one is a linear function of the others. With two
        latents it is their mutual information.
    """
    if codes.shape[1] < 2:
        return 0.0
    if np.linalg.eigvalsh(np.corrcoef(codes.T))[0] < SINGULAR and not _has_ties(codes):
        return float("inf")
    spread = np.stack([_spread(latent, rng) for latent in codes.T], axis=1)
    spread = (spread - spread.mean(0)) / spread.std(0)
    variances, axes = np.linalg.eigh(np.corrcoef(spread.T))
    if variances[0] < SINGULAR:
        return float("inf")
    whitened = spread @ axes / np.sqrt(variances) @ axes.T
    single = sum(map(entropy, spread.T)) - sum(map(entropy, whitened.T))
    linear = -0.5 * np.log(variances).sum()
    return max(float(single + linear + multi_information(whitened, num_neighbors)), 0.0)


def entropy(latent: FloatArray, *, num_neighbors: int = NUM_NEIGHBORS) -> float:
    """Estimate the differential entropy of a continuous variable, in nats.

    The estimate is that of Kozachenko and Leonenko 1987.

    Args:
        latent: its values, shape `(num,)`.
        num_neighbors: k.
    """
    radius = np.empty(len(latent))
    order = np.argsort(latent, kind="stable")
    radius[order] = _kth_distance(latent[order], num_neighbors)
    return float(digamma(len(latent)) - digamma(num_neighbors) + np.log(2 * radius).mean())


def multi_information(points: FloatArray, num_neighbors: int = NUM_NEIGHBORS) -> float:
    """Estimate total correlation by neighbors alone (Kraskov et al. 2004, eq. 8 and 23).

    Args:
        points: continuous, of comparable scale, shape `(num, dim)`.
        num_neighbors: k.

    Returns:
        Nats; it scatters round 0 for independent columns and is too low for strong dependence in
        many dimensions.
    """
    num, dim = points.shape
    radius = cKDTree(points).query(points, num_neighbors + 1, p=np.inf)[0][:, -1]
    nearer = [_num_within(np.sort(column), column, radius / AT_LEAST) for column in points.T]
    terms = digamma(num_neighbors) + (dim - 1) * digamma(num)
    return float(terms - digamma(np.stack(nearer) + 1).sum(0).mean())


def _has_ties(codes: FloatArray) -> bool:
    return any(len(np.unique(latent)) < len(latent) for latent in codes.T)


def _spread(latent: FloatArray, rng: np.random.Generator) -> FloatArray:
    """Spread each value of a latent that repeats itself evenly over the gap round it."""
    distinct, inverse = np.unique(latent, return_inverse=True)
    if len(distinct) in (1, len(latent)):
        return latent
    middles = (distinct[1:] + distinct[:-1]) / 2
    low = np.concatenate([[2 * distinct[0] - middles[0]], middles])
    high = np.concatenate([middles, [2 * distinct[-1] - middles[-1]]])
    return np.asarray(rng.uniform(low[inverse], high[inverse]))


def _kth_distance(ordered: FloatArray, k: int) -> FloatArray:
    """Find the distance of each of ascending values to its k-th nearest other, shape `(num,)`."""
    beyond = np.full(k, np.inf)
    padded = np.concatenate([-beyond, ordered, beyond])
    windows = padded[np.arange(2 * k + 1)[:, None] + np.arange(len(ordered))]  # from -k to k
    return np.maximum(ordered - windows[: k + 1], windows[k:] - ordered).min(0)


def _nearer_and_tied(
    ordered: FloatArray, centers: FloatArray, radius: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Count others of ascending values that are nearer than a radius, and those just there."""
    nearer = np.where(radius > 0, _num_within(ordered, centers, radius / AT_LEAST), 0)
    return nearer, _num_within(ordered, centers, radius * AT_LEAST) - nearer


def _num_within(ordered: FloatArray, centers: FloatArray, reach: FloatArray) -> FloatArray:
    """How many of ascending values lie within reach of each center, which is one of them."""
    high = np.searchsorted(ordered, centers + reach, "right")
    low = np.searchsorted(ordered, centers - reach, "left")
    return np.maximum(high - low - 1, 0).astype(np.float64)
