"""Sets of points that share a factor's value, and what they say of latents, on plain arrays."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unknot.metrics.estimators.linear import class_probabilities

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

BATCH = 64  # pairs of Higgins et al., points of Kim and Mnih
SPREAD_QUANTILE = 0.99
CHUNK = 1_000  # sets in memory at once


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
    used = np.flatnonzero(counts >= at_least)
    rows = np.flatnonzero(np.isin(classes, used))
    rows = rows[np.argsort(classes[rows], kind="stable")]
    sizes = counts[used]
    starts = np.cumsum(sizes) - sizes
    num_skipped = int((counts > 0).sum()) - len(used)
    return Groups(rows=rows, starts=starts, sizes=sizes, num_skipped=num_skipped)


def draw_sharing(groups: Groups, num: int, size: int, rng: np.random.Generator) -> IntArray:
    """Draw sets of distinct rows that share a value, values as often as they occur.

    Returns:
        Positions, shape `(num, size)`.
    """
    frequencies = groups.sizes / groups.sizes.sum()
    values = rng.choice(len(frequencies), size=num, p=frequencies)
    sets = np.empty((num, size), np.int64)
    for value in np.unique(values):
        chosen = np.flatnonzero(values == value)
        ranks = _distinct(len(chosen), size, int(groups.sizes[value]), rng)
        sets[chosen] = groups.rows[groups.starts[value] + ranks]
    return sets


def pair_differences(
    codes: FloatArray, groups: Groups, num: int, rng: np.random.Generator
) -> FloatArray:
    """Average absolute differences of pairs that share a value (Higgins et al. 2017, section 3).

    Args:
        codes: of unit variance, shape `(num_rows, num_latents)`.
        groups: of the factor that is held fixed.
        num: how many means of 64 pairs.
        rng: draws the pairs.

    Returns:
        Shape `(num, num_latents)`.
    """
    means = np.empty((num, codes.shape[1]))
    for start in range(0, num, CHUNK):
        size = min(CHUNK, num - start)
        pairs = draw_sharing(groups, size * BATCH, 2, rng)
        differences = np.abs(codes[pairs[:, 0]] - codes[pairs[:, 1]])
        means[start : start + size] = differences.reshape(size, BATCH, -1).mean(1)
    return means


def least_varying(
    codes: FloatArray, groups: Groups, num: int, size: int, rng: np.random.Generator
) -> IntArray:
    """Find the latent that varies least in sets that share a value (Kim and Mnih 2018, section 4).

    Args:
        codes: of unit variance, shape `(num_rows, num_latents)`.
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


def classify(inputs: FloatArray, labels: IntArray, num_training: int) -> FloatArray:
    """Fit a linear classifier on the first rows, and test it on the others.

    Args:
        inputs: shape `(num, num_latents)`.
        labels: the factor that was fixed, shape `(num,)`.
        num_training: rows to fit on.

    Returns:
        1 for each other row that it gets right, else 0, shape `(num - num_training,)`.
    """
    training = np.arange(len(labels)) < num_training
    scale = inputs[training].std(0)
    scaled = (inputs - inputs[training].mean(0)) / np.where(scale > 0, scale, 1)
    guesses = class_probabilities(scaled, labels, int(labels.max()) + 1, training).argmax(1)
    return (guesses == labels[~training]).astype(float)


def majority_vote(
    votes: IntArray, labels: IntArray, num_latents: int, num_training: int
) -> FloatArray:
    """Name each latent after a factor by the first votes, and test that on the others.

    Args:
        votes: a latent for each set, shape `(num,)`.
        labels: the factor that was fixed, the same shape.
        num_latents: how many there are.
        num_training: rows whose votes name the latents; the others are tested.

    Returns:
        1 for each other vote that names the factor, else 0, shape `(num - num_training,)`.
    """
    num_labels = int(labels.max()) + 1
    counts = np.bincount(
        votes[:num_training] * num_labels + labels[:num_training],
        minlength=num_latents * num_labels,
    ).reshape(num_latents, num_labels)
    return (counts.argmax(1)[votes[num_training:]] == labels[num_training:]).astype(float)


def robustness(codes: FloatArray, classes: IntArray) -> FloatArray:
    """Measure how still latents stand while one factor is fixed (Suter et al. 2019, section 4).

    Args:
        codes: shape `(num, num_latents)`.
        classes: of the factor, from 0, shape `(num,)`.

    Values count alike, however often they occur, as what is fixed is not drawn; a value of one
    point, which cannot move, does not count.

    Returns:
        `1 - mean over values of the 99% quantile of |z - E[z | v]| / max |z - E[z]|`, shape
        `(num_latents,)`; 0 where no value has two points.
    """
    order = np.argsort(classes, kind="stable")
    parts = np.split(codes[order], np.flatnonzero(np.diff(classes[order])) + 1)
    spreads = [
        np.quantile(np.abs(part - part.mean(0)), SPREAD_QUANTILE, axis=0)
        for part in parts
        if len(part) > 1
    ]
    if not spreads:
        return np.zeros(codes.shape[1])
    most = largest_deviation(codes)
    ratio = np.divide(np.mean(spreads, axis=0), most, out=np.ones_like(most), where=most > 0)
    return np.maximum(1 - ratio, 0)


def largest_deviation(codes: FloatArray) -> FloatArray:
    """Find the largest deviation of each latent from its mean, shape `(num_latents,)`."""
    return np.asarray(np.abs(codes - codes.mean(0)).max(0))


def _distinct(num: int, size: int, total: int, rng: np.random.Generator) -> IntArray:
    """Draw sets of distinct integers below `total`, shape `(num, size)`."""
    if size == 2:
        first = rng.integers(total, size=num)
        return np.stack([first, (first + rng.integers(1, total, size=num)) % total], 1)
    if total < 4 * size:
        return np.argsort(rng.random((num, total)), axis=1)[:, :size]
    sets = np.sort(rng.integers(total, size=(num, size)), axis=1)
    while (repeated := np.diff(sets, axis=1) == 0).any():
        places = np.nonzero(repeated)
        sets[places] = rng.integers(total, size=len(places[0]))
        sets.sort(axis=1)
    return sets
