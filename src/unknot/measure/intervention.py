"""Measures that hold one factor fixed and watch the codes."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unknot.measure.prediction import class_probabilities

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BATCH = 64  # pairs of Higgins et al., points of Kim and Mnih
SPREAD_QUANTILE = 0.99
CHUNK = 1_000


class Groups(NamedTuple):
    """Rows that share a factor's value, for one factor.

    Attributes:
        rows: positions, sorted by value, shape `(num_known,)`.
        starts: where each value begins in `rows`, shape `(num_values,)`.
        sizes: how many rows it has, the same shape.
        num_skipped: values left out because too few rows have them.
    """

    rows: IntArray
    starts: IntArray
    sizes: IntArray
    num_skipped: int


def group_rows(classes: IntArray, at_least: int) -> Groups:
    """Gather the rows of each value of a factor.

    Args:
        classes: from 0, -1 where it is not known, shape `(num,)`.
        at_least: values with fewer rows are left out.
    """
    counts = np.bincount(classes[classes >= 0])
    kept = np.flatnonzero(counts >= at_least)
    rows = np.flatnonzero(np.isin(classes, kept))
    rows = rows[np.argsort(classes[rows], kind="stable")]
    sizes = counts[kept]
    starts = np.cumsum(sizes) - sizes
    return Groups(rows, starts, sizes, int((counts > 0).sum()) - len(kept))


def draw_sharing(groups: Groups, num: int, size: int, rng: np.random.Generator) -> IntArray:
    """Draw sets of distinct rows that share a value, values as often as they occur.

    Returns:
        Positions, shape `(num, size)`.
    """
    shares = groups.sizes / groups.sizes.sum()
    value = rng.choice(len(shares), size=num, p=shares)
    drawn = np.empty((num, size), np.int64)
    for one in np.unique(value):
        which = np.flatnonzero(value == one)
        ranks = _distinct(len(which), size, int(groups.sizes[one]), rng)
        drawn[which] = groups.rows[groups.starts[one] + ranks]
    return drawn


def _distinct(num: int, size: int, total: int, rng: np.random.Generator) -> IntArray:
    """Sets of distinct integers below `total`, shape `(num, size)`."""
    if size == 2:
        first = rng.integers(total, size=num)
        return np.stack([first, (first + rng.integers(1, total, size=num)) % total], 1)
    if total < 4 * size:
        return np.argsort(rng.random((num, total)), axis=1)[:, :size]
    drawn = np.sort(rng.integers(total, size=(num, size)), axis=1)
    while (repeated := np.diff(drawn, axis=1) == 0).any():
        where = np.nonzero(repeated)
        drawn[where] = rng.integers(total, size=len(where[0]))
        drawn.sort(axis=1)
    return drawn


def higgins_differences(
    codes: FloatArray, groups: Groups, num: int, rng: np.random.Generator
) -> FloatArray:
    """Mean absolute difference of pairs that share a factor's value (Higgins et al. 2017, sec. 3).

    Args:
        codes: of unit variance, shape `(num_rows, num_codes)`.
        groups: of the factor that is held fixed.
        num: how many means of 64 pairs.
        rng: draws the pairs.

    Returns:
        Shape `(num, num_codes)`.
    """
    means = np.empty((num, codes.shape[1]))
    for start in range(0, num, CHUNK):
        here = min(CHUNK, num - start)
        pairs = draw_sharing(groups, here * BATCH, 2, rng)
        gaps = np.abs(codes[pairs[:, 0]] - codes[pairs[:, 1]])
        means[start : start + here] = gaps.reshape(here, BATCH, -1).mean(1)
    return means


def classify(inputs: FloatArray, labels: IntArray, num_training: int) -> FloatArray:
    """Which rows after the first `num_training` a linear classifier fitted on those gets right."""
    training = np.arange(len(labels)) < num_training
    scale = inputs[training].std(0)
    scaled = (inputs - inputs[training].mean(0)) / np.where(scale > 0, scale, 1)
    guesses = class_probabilities(scaled, labels, int(labels.max()) + 1, training).argmax(1)
    return (guesses == labels[~training]).astype(float)


def least_varying(
    codes: FloatArray, groups: Groups, num: int, size: int, rng: np.random.Generator
) -> IntArray:
    """The code that varies least in sets that share a value (Kim and Mnih 2018, section 4).

    Args:
        codes: of unit variance, shape `(num_rows, num_codes)`.
        groups: of the factor that is held fixed.
        num: how many sets.
        size: rows in each, 64 in the paper.
        rng: draws the sets.

    Returns:
        Shape `(num,)`.
    """
    least = np.empty(num, np.int64)
    for start in range(0, num, CHUNK):
        sets = draw_sharing(groups, min(CHUNK, num - start), size, rng)
        least[start : start + len(sets)] = codes[sets].var(1).argmin(1)
    return least


def majority_vote(
    votes: IntArray, labels: IntArray, num_codes: int, num_training: int
) -> FloatArray:
    """Which votes after the first `num_training` name the factor that those gave most often."""
    num_labels = int(labels.max()) + 1
    table = np.bincount(
        votes[:num_training] * num_labels + labels[:num_training],
        minlength=num_codes * num_labels,
    ).reshape(num_codes, num_labels)
    return (table.argmax(1)[votes[num_training:]] == labels[num_training:]).astype(float)


def irs(codes: FloatArray, classes: IntArray) -> FloatArray:
    """Robustness of each code while one factor is fixed (Suter et al. 2019, section 4).

    Args:
        codes: shape `(num, num_codes)`.
        classes: of the factor, from 0, shape `(num,)`.

    Returns:
        `1 - mean over values of the 99% quantile of |z - E[z | v]| / max |z - E[z]|`, values
        weighted by how often they occur, shape `(num_codes,)`.
    """
    order = np.argsort(classes, kind="stable")
    parts = np.split(codes[order], np.flatnonzero(np.diff(classes[order])) + 1)
    spreads = [np.quantile(np.abs(p - p.mean(0)), SPREAD_QUANTILE, axis=0) for p in parts]
    most = furthest(codes)
    spread = np.average(spreads, axis=0, weights=[len(part) for part in parts])
    shares = np.divide(spread, most, out=np.ones_like(most), where=most > 0)
    return np.maximum(1 - shares, 0)


def furthest(codes: FloatArray) -> FloatArray:
    """The largest deviation of each code from its mean, shape `(num_codes,)`."""
    return np.asarray(np.abs(codes - codes.mean(0)).max(0))
