"""What each code alone tells of each label: area under the curve, or mutual information."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from unknot.measure.information import entropy
from unknot.measure.prediction import class_probabilities, explained_variance, mean_auroc
from unknot.measure.table import CLASS_BINS, MIN_KNOWN, TRAINING_SHARE, Factor, make_factor

FloatArray = NDArray[np.float64]

MIN_OTHERS = 10  # points that must not have a label's commonest value
PER_POINT = 5  # a label with more distinct values than a fifth of its points is continuous
MAX_CLASSES = 64
AT_ONCE = 48  # codes, of which a few thousand points fit the processor's cache


class Labels(NamedTuple):
    """Labels that can be told from a code.

    Attributes:
        factors: those that vary enough.
        left_out: name of each other and why.
    """

    factors: tuple[Factor, ...]
    left_out: dict[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """Of those that vary enough."""
        return tuple(factor.name for factor in self.factors)

    @property
    def binary(self) -> NDArray[np.bool_]:
        """Which of them have two values, shape `(num_labels,)`."""
        return np.array([factor.num_levels == 2 for factor in self.factors], bool)


def read_labels(values: FloatArray, names: Sequence[str]) -> Labels:
    """Sort out labels.

    Args:
        values: NaN where not known, shape `(num, num_labels)`.
        names: one per column.
    """
    factors, left_out = [], {}
    for name, column in zip(names, values.T):
        known = column[~np.isnan(column)]
        counts = np.unique(known, return_counts=True)[1]
        few = len(counts) <= min(MAX_CLASSES, max(2, len(known) // PER_POINT))
        if len(known) < MIN_KNOWN:
            left_out[name] = f"known at {len(known)} images only" if len(known) else "not known"
        elif len(counts) == 1:
            left_out[name] = f"has one value only ({known[0]:g})"
        elif few and len(known) - counts.max() < MIN_OTHERS:
            others = len(known) - counts.max()
            left_out[name] = f"only {others} images differ from its commonest value"
        else:
            factors.append(make_factor(name, "discrete" if few else "continuous", column))
    return Labels(tuple(factors), left_out)


def mid_ranks(codes: NDArray[np.floating]) -> FloatArray:
    """Ranks from 1 of every column; equal values share the mean of theirs.

    Args:
        codes: shape `(num, num_codes)`.
    """
    columns = np.ascontiguousarray(codes.T, np.float32)
    order = np.argsort(columns, axis=1)
    ranks = np.empty(columns.shape)
    np.put_along_axis(ranks, order, np.arange(1.0, len(codes) + 1)[None], axis=1)
    ordered = np.take_along_axis(columns, order, axis=1)
    tied = (ordered[:, 1:] == ordered[:, :-1]).any(1)
    if tied.any():
        ranks[tied] = rankdata(codes.T[tied], axis=1)
    return ranks.T


def class_bins(ranks: FloatArray) -> NDArray[np.int64]:
    """The ten quantile bins of codes, from their mid-ranks; the same shape."""
    return np.floor((ranks - 0.5) * CLASS_BINS / max(len(ranks), 1)).astype(np.int64)


def effects(codes: NDArray[np.floating], factors: Sequence[Factor]) -> FloatArray:
    """How well each code alone tells each label.

    Args:
        codes: shape `(num, num_codes)`.
        factors: the labels.

    Returns:
        Shape `(num_codes, num_labels)`. For a label of two values the area under the receiver
        operating characteristic, folded to lie from 0.5 to 1; for another the mutual information of
        its classes and ten quantile bins of the code, less its bias (Miller 1955), over the label's
        entropy: from 0 to about 1.
    """
    if codes.shape[1] > AT_ONCE:
        parts = range(0, codes.shape[1], AT_ONCE)
        return np.concatenate([effects(codes[:, i : i + AT_ONCE], factors) for i in parts])
    found = np.empty((codes.shape[1], len(factors)))
    patterns: dict[bytes, tuple[FloatArray, NDArray[np.int64]]] = {}
    for k, factor in enumerate(factors):
        key = factor.known.tobytes()
        if key not in patterns:
            ranks = mid_ranks(codes[factor.known])
            patterns[key] = ranks, class_bins(ranks)
        ranks, bins = patterns[key]
        if factor.num_levels == 2:
            area = auroc(ranks, factor.levels[factor.known] == 1)
            found[:, k] = np.maximum(area, 1 - area)
        else:
            found[:, k] = information_share(bins, factor.classes[factor.known])
    return found


def auroc(ranks: FloatArray, positive: NDArray[np.bool_]) -> FloatArray:
    """Area under the receiver operating characteristic of each code (Mann and Whitney 1947).

    Args:
        ranks: shape `(num, num_codes)`.
        positive: which points have the label, shape `(num,)`.

    Returns:
        The chance that a point with the label has the larger code, shape `(num_codes,)`.
    """
    num = positive.sum()
    wins = positive.astype(np.float64) @ ranks - num * (num + 1) / 2
    return np.asarray(wins / (num * (len(positive) - num)))


def joint_counts(bins: NDArray[np.int64], classes: NDArray[np.int64]) -> NDArray[np.int64]:
    """How often each bin of each code meets each class.

    Args:
        bins: below 10, shape `(num, num_codes)`.
        classes: from 0, shape `(num,)`.

    Returns:
        Shape `(num_codes, 10, num_classes)`.
    """
    num_classes, num_codes = int(classes.max()) + 1, bins.shape[1]
    cells = (np.arange(num_codes) * CLASS_BINS + bins) * num_classes + classes[:, None]
    counts = np.bincount(cells.ravel(), minlength=num_codes * CLASS_BINS * num_classes)
    return counts.reshape(num_codes, CLASS_BINS, num_classes)


def information_share(bins: NDArray[np.int64], classes: NDArray[np.int64]) -> FloatArray:
    """Mutual information over the classes' entropy, less its bias; shape `(num_codes,)`."""
    counts = joint_counts(bins, classes)
    num = len(classes)
    occupied = (counts > 0).sum((1, 2)), (counts.sum(2) > 0).sum(1), (counts.sum(1) > 0).sum(1)
    bias = (occupied[0] - occupied[1] - occupied[2] + 1) / (2 * num)
    table = n_log_n(counts).sum((1, 2)) - n_log_n(counts.sum(2)).sum(1)
    plug_in = (table - n_log_n(counts.sum(1)).sum(1)) / num + np.log(num)
    return np.maximum(plug_in - bias, 0) / entropy(np.bincount(classes))


def n_log_n(counts: NDArray[np.number]) -> FloatArray:
    """`n ln n` of every count."""
    filled = np.asarray(counts, np.float64)
    return filled * np.log(filled, out=np.zeros_like(filled), where=filled > 0)


def selectivity(found: FloatArray, binary: NDArray[np.bool_]) -> FloatArray:
    """By how much the best code of each label tells it better than the second.

    Args:
        found: as from `effects`, shape `(..., num_codes, num_labels)`.
        binary: which labels have two values, shape `(num_labels,)`.

    Returns:
        Shape `(..., num_labels)`. A code that is missing counts as one that tells nothing.
    """
    nothing = np.where(binary, 0.5, 0.0)
    floor = np.broadcast_to(nothing, (*found.shape[:-2], 2, found.shape[-1]))
    ordered = np.sort(np.concatenate([found, floor], axis=-2), axis=-2)
    return np.asarray(ordered[..., -1, :] - ordered[..., -2, :])


def probe(
    codes: NDArray[np.floating], factors: Sequence[Factor], rng: np.random.Generator
) -> FloatArray:
    """How well a linear model of all codes together tells each label, at points held out of it.

    Args:
        codes: shape `(num, num_codes)`.
        factors: the labels.
        rng: chooses the third of the points that is held out.

    Returns:
        Shape `(num_labels,)`: for a label of two values the area under the curve, for another the
        share of the variance of its values that is explained.
    """
    varying = codes[:, codes.std(0) > 0].astype(np.float64)
    if not varying.shape[1]:
        return np.array([0.5 if factor.num_levels == 2 else 0.0 for factor in factors])
    standard = (varying - varying.mean(0)) / varying.std(0)
    training = np.arange(len(codes)) < round(TRAINING_SHARE * len(codes))
    training = training[rng.permutation(len(codes))]
    found = np.empty(len(factors))
    for k, factor in enumerate(factors):
        own, fitted = standard[factor.known], training[factor.known]
        if factor.num_levels == 2:
            levels = factor.levels[factor.known]
            found[k] = mean_auroc(class_probabilities(own, levels, 2, fitted), levels[~fitted])
        else:
            found[k] = explained_variance(own, factor.values[factor.known], fitted)
    return found
