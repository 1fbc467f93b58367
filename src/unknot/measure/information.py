"""Entropies and mutual information of discrete tables, and the measures made of them.

The plug-in estimate of mutual information is too high by about `(K - 1)(B - 1) / 2N` nats for K
levels, B bins and N points. Gaps (MIG, MIG-sup, JEMMIG) cut codes into quantile bins and use the
estimate of Miller and Madow, in which that bias cancels. Shares (MED, modularity) use the estimate
of their papers, plug-in over bins of equal width: noise must spread evenly over a share.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unknot.measure.bins import NUM_BINS, rank_bins, width_bins

FloatArray = NDArray[np.float64]


class Information(NamedTuple):
    """What every code tells of every factor, in nats.

    Attributes:
        corrected: mutual information by Miller and Madow over quantile bins, shape
            `(num_codes, num_factors)`.
        plug_in: by relative frequencies over bins of equal width, the same shape.
        joint_entropy: of a code's bin and a factor's level, corrected, the same shape.
        num_bins: bins of each code beside each factor, the same shape.
        entropy: of each factor, corrected, shape `(num_factors,)`.
    """

    corrected: FloatArray
    plug_in: FloatArray
    joint_entropy: FloatArray
    num_bins: FloatArray
    entropy: FloatArray


def entropy(counts: NDArray[np.number], *, corrected: bool = False) -> float:
    """Entropy of a table of counts or probabilities, in nats.

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
    """Mutual information of the rows and columns of a table, in nats.

    Args:
        counts: counts or probabilities, shape `(rows, columns)`.
        corrected: with Miller's correction of the three entropies, for counts; it can then fall
            below zero by chance.
    """
    rows, columns = (
        entropy(counts.sum(1), corrected=corrected),
        entropy(counts.sum(0), corrected=corrected),
    )
    return rows + columns - entropy(counts, corrected=corrected)


def contingency(
    first: NDArray[np.int64], num_first: int, second: NDArray[np.int64], num_second: int
) -> NDArray[np.int64]:
    """How often each pair of levels occurs, shape `(num_first, num_second)`."""
    pairs = np.bincount(first * num_second + second, minlength=num_first * num_second)
    return pairs.reshape(num_first, num_second)


def information_between(
    codes: FloatArray, factors: Sequence[tuple[NDArray[np.int64], int]]
) -> Information:
    """Measure what each code tells of each factor, at the points where the factor is known.

    Args:
        codes: shape `(num, num_codes)`.
        factors: levels (-1 where not known) and their number, for each factor.
    """
    shape = (codes.shape[1], len(factors))
    corrected, plug_in, joint, num_bins = (np.zeros(shape) for _ in range(4))
    entropies = np.zeros(len(factors))
    for k, (levels, num_levels) in enumerate(factors):
        known = levels >= 0
        entropies[k] = entropy(np.bincount(levels[known]), corrected=True)
        for j, code in enumerate(codes.T):
            bins, num = rank_bins(code[known], -(-NUM_BINS // num_levels) * num_levels)
            most = max(NUM_BINS, num_levels)
            counts = contingency(levels[known], num_levels, bins, num)
            widths = width_bins(code[known], most)
            corrected[j, k] = max(mutual_information(counts, corrected=True), 0.0)
            plug_in[j, k] = mutual_information(contingency(levels[known], num_levels, widths, most))
            joint[j, k] = entropy(counts, corrected=True)
            num_bins[j, k] = num
    return Information(corrected, plug_in, joint, num_bins, entropies)


def mig(information: FloatArray, entropies: FloatArray) -> FloatArray:
    """Mutual information gap of each factor (Chen et al. 2018, eq. 6).

    Args:
        information: shape `(num_codes, num_factors)`.
        entropies: of the factors, shape `(num_factors,)`.

    Returns:
        `(I_1 - I_2) / H`, shape `(num_factors,)`: 1 if one code alone tells the factor, 0 if two
        tell the same.
    """
    first, second = _two_best(information, axis=0)
    return (first - second) / entropies


def mig_sup(information: FloatArray, entropies: FloatArray) -> FloatArray:
    """The gap of each code between the two factors it tells most of (Li et al. 2020, eq. 9).

    Returns:
        Shape `(num_codes,)`: 1 if a code tells one factor alone and that wholly.
    """
    first, second = _two_best(information / entropies, axis=1)
    return first - second


def jemmig(information: Information) -> FloatArray:
    """Joint entropy minus mutual information gap, from 0 to 1 (Do and Tran 2020, eq. 11).

    Returns:
        `1 - (H(v, z*) - I_1 + I_2) / (H(v) + ln bins)`, shape `(num_factors,)`: 1 if the best code
        tells the factor and nothing else.
    """
    first, second = _two_best(information.corrected, axis=0)
    best = information.corrected.argmax(0)
    factors = np.arange(len(best))
    joint = information.joint_entropy[best, factors]
    most = information.entropy + np.log(information.num_bins[best, factors])
    return np.clip(1 - (joint - first + second) / most, 0, 1)


def modularity(information: FloatArray) -> FloatArray:
    """Whether each code tells of one factor alone (Ridgeway and Mozer 2018, section 3).

    Args:
        information: plug-in estimates, shape `(num_codes, num_factors)`.

    Returns:
        `1 - sum of the other squares / (largest square * (num_factors - 1))`, shape
        `(num_codes,)`; 0 for a code that tells of nothing.
    """
    squares = information**2
    most = squares.max(1)
    others = squares.sum(1) - most
    largest = most * (information.shape[1] - 1)
    return 1 - np.divide(others, largest, out=np.ones_like(most), where=largest > 0)


def _two_best(values: FloatArray, axis: int) -> tuple[FloatArray, FloatArray]:
    """The largest and the second largest along an axis; 0 where there is no second."""
    nothing = np.zeros_like(values.take([0], axis))
    ordered = np.sort(np.concatenate([values, nothing], axis), axis)
    return ordered.take(-1, axis), ordered.take(-2, axis)
