"""How well each latent alone tells each label, and how sure that is.

The effect is the area under the curve for a label of two values, mutual information for another.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unknot.metrics.estimators.entropy import entropy
from unknot.metrics.estimators.ranks import mid_ranks
from unknot.metrics.nulls import NORMAL_95
from unknot.metrics.table import CLASS_BINS, MIN_KNOWN, Factor, Kind, make_factor

FloatArray = NDArray[np.float64]
Members = NDArray[np.int64] | None
"""Group of each image, numbered from 0; None where every image stands for itself."""

MIN_OTHERS = 10  # points that must not have a label's commonest value
PER_POINT = 5  # a label with more distinct values than a fifth of its points is continuous
MAX_CLASSES = 64
LATENTS_AT_ONCE = 24  # of which a few thousand points fit the processor's cache


class UsableLabels(NamedTuple):
    """Labels that vary enough to be told from codes.

    Attributes:
        factors: one for each of them.
        excluded_labels: name of each other label -> the reason.
    """

    factors: tuple[Factor, ...]
    excluded_labels: dict[str, str]

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the usable labels."""
        return tuple(factor.name for factor in self.factors)

    @property
    def binary(self) -> NDArray[np.bool_]:
        """Which of them have two values, shape `(num_labels,)`."""
        return np.array([factor.num_levels == 2 for factor in self.factors], bool)


def read_labels(values: FloatArray, names: Sequence[str]) -> UsableLabels:
    """Sort out which labels vary enough.

    Args:
        values: NaN where not known, shape `(num, num_labels)`.
        names: one per column.
    """
    factors, excluded = [], {}
    for name, column in zip(names, values.T):
        known = column[~np.isnan(column)]
        counts = np.unique(known, return_counts=True)[1]
        has_few_values = len(counts) <= min(MAX_CLASSES, max(2, len(known) // PER_POINT))
        reason = _reason_to_exclude(known, counts, has_few_values)
        if reason:
            excluded[name] = reason
        else:
            kind: Kind = "discrete" if has_few_values else "continuous"
            factors.append(make_factor(name, kind, column))
    return UsableLabels(tuple(factors), excluded)


def _reason_to_exclude(known: FloatArray, counts: NDArray[np.integer], has_few_values: bool) -> str:
    """Say why a label does not vary enough; an empty string if it does.

    Args:
        known: its values where it has some, shape `(num_known,)`.
        counts: of each distinct value.
        has_few_values: whether it is not a continuous label.
    """
    if len(known) < MIN_KNOWN:
        return f"known at {len(known)} images only" if len(known) else "not known"
    if len(counts) == 1:
        return f"has one value only ({known[0]:g})"
    others = len(known) - counts.max()
    if has_few_values and others < MIN_OTHERS:
        return f"only {others} images differ from its commonest value"
    return ""


def class_bins(ranks: FloatArray) -> NDArray[np.int64]:
    """Sort codes into ten quantile bins of each latent, from their mid-ranks; the same shape."""
    return np.floor((ranks - 0.5) * CLASS_BINS / max(len(ranks), 1)).astype(np.int64)


def effects(codes: NDArray[np.floating], factors: Sequence[Factor]) -> FloatArray:
    """Measure how well each latent alone tells each label.

    Args:
        codes: shape `(num, num_latents)`.
        factors: the labels.

    Returns:
        Shape `(num_latents, num_labels)`. For a label of two values the area under the receiver
        operating characteristic, folded to lie from 0.5 to 1; for another the mutual information of
        its classes and ten quantile bins of the latent, less its bias (Miller 1955), over the
        label's entropy: from 0 to about 1.
    """
    if codes.shape[1] > LATENTS_AT_ONCE:
        parts = range(0, codes.shape[1], LATENTS_AT_ONCE)
        return np.concatenate([effects(codes[:, i : i + LATENTS_AT_ONCE], factors) for i in parts])
    table = np.empty((codes.shape[1], len(factors)))
    by_known: dict[bytes, tuple[FloatArray, NDArray[np.int64]]] = {}
    for k, factor in enumerate(factors):
        pattern = factor.known.tobytes()
        if pattern not in by_known:
            ranks = mid_ranks(codes[factor.known])
            by_known[pattern] = ranks, class_bins(ranks)
        ranks, bins = by_known[pattern]
        if factor.num_levels == 2:
            area = auroc(ranks, factor.levels[factor.known] == 1)
            table[:, k] = np.maximum(area, 1 - area)
        else:
            table[:, k] = information_share(bins, factor.classes[factor.known])
    return table


def auroc(ranks: FloatArray, positive: NDArray[np.bool_]) -> FloatArray:
    """Compute the area under each latent's ROC curve (Mann and Whitney 1947).

    Args:
        ranks: mid-ranks of the codes, shape `(num, num_latents)`.
        positive: which points have the label, shape `(num,)`.

    Returns:
        The chance that a point with the label has the larger value of the latent, shape
        `(num_latents,)`.
    """
    num = positive.sum()
    wins = positive.astype(np.float64) @ ranks - num * (num + 1) / 2
    return np.asarray(wins / (num * (len(positive) - num)))


def joint_counts(bins: NDArray[np.int64], classes: NDArray[np.int64]) -> NDArray[np.int64]:
    """Count how often each bin of each latent meets each class.

    Args:
        bins: below 10, shape `(num, num_latents)`.
        classes: from 0, shape `(num,)`.

    Returns:
        Shape `(num_latents, 10, num_classes)`.
    """
    num_classes, num_latents = int(classes.max()) + 1, bins.shape[1]
    cells = (np.arange(num_latents) * CLASS_BINS + bins) * num_classes + classes[:, None]
    counts = np.bincount(cells.ravel(), minlength=num_latents * CLASS_BINS * num_classes)
    return counts.reshape(num_latents, CLASS_BINS, num_classes)


def information_share(bins: NDArray[np.int64], classes: NDArray[np.int64]) -> FloatArray:
    """Compute mutual information over the classes' entropy, less its bias.

    Args:
        bins: below 10, shape `(num, num_latents)`.
        classes: from 0, shape `(num,)`.

    Returns:
        Shape `(num_latents,)`: 0 for nothing, about 1 for everything.
    """
    counts = joint_counts(bins, classes)
    num = len(classes)
    occupied = (counts > 0).sum((1, 2)), (counts.sum(2) > 0).sum(1), (counts.sum(1) > 0).sum(1)
    bias = (occupied[0] - occupied[1] - occupied[2] + 1) / (2 * num)
    table = n_log_n(counts).sum((1, 2)) - n_log_n(counts.sum(2)).sum(1)
    plug_in = (table - n_log_n(counts.sum(1)).sum(1)) / num + np.log(num)
    return np.maximum(plug_in - bias, 0) / entropy(np.bincount(classes))


def n_log_n(counts: NDArray[np.number]) -> FloatArray:
    """Compute `n ln n` of every count, 0 for 0."""
    filled = np.asarray(counts, np.float64)
    return filled * np.log(filled, out=np.zeros_like(filled), where=filled > 0)


def selectivity(effect: FloatArray, binary: NDArray[np.bool_]) -> FloatArray:
    """Measure by how much the best latent of each label tells it better than the second.

    Args:
        effect: as from `effects`, shape `(..., num_latents, num_labels)`.
        binary: which labels have two values, shape `(num_labels,)`.

    Returns:
        Shape `(..., num_labels)`. A latent that is missing counts as one that tells nothing.
    """
    nothing = np.where(binary, 0.5, 0.0)
    floor = np.broadcast_to(nothing, (*effect.shape[:-2], 2, effect.shape[-1]))
    ordered = np.sort(np.concatenate([effect, floor], axis=-2), axis=-2)
    return np.asarray(ordered[..., -1, :] - ordered[..., -2, :])


def effect_intervals(
    codes: FloatArray, factors: Sequence[Factor], members: Sequence[Members], effect: FloatArray
) -> FloatArray:
    """Compute the 95% interval of each effect looked at alone.

    Args:
        codes: shape `(num, num_latents)`.
        factors: the labels, K of them.
        members: for each label, the group of each image, or None where each stands for itself.
        effect: as `effects` gave it, shape `(num_latents, K)`.

    Returns:
        Lower and upper ends, shape `(num_latents, K, 2)`.
    """
    intervals = np.empty((*effect.shape, 2))
    for k, (factor, groups) in enumerate(zip(factors, members)):
        is_binary, known = factor.num_levels == 2, factor.known
        influence_of = area_influence if is_binary else information_influence
        influence = influence_of(mid_ranks(codes[known]), factor.classes[known])
        reach = NORMAL_95 * standard_errors(influence, None if groups is None else groups[known])
        intervals[:, k, 0] = np.maximum(effect[:, k] - reach, 0.5 if is_binary else 0.0)
        intervals[:, k, 1] = np.minimum(effect[:, k] + reach, 1.0)
    return intervals


def area_influence(ranks: FloatArray, classes: NDArray[np.int64]) -> FloatArray:
    """Compute the influence of each image on the area under the curve (DeLong et al. 1988).

    Args:
        ranks: mid-ranks of the codes, shape `(num, num_latents)`.
        classes: 0 or 1, shape `(num,)`.

    Returns:
        Shape `(num, num_latents)`, of mean 0.
    """
    influence = np.empty_like(ranks)
    area = auroc(ranks, classes == 1)
    for level in (0, 1):
        in_class = classes == level
        num_others = len(classes) - in_class.sum()
        below = (ranks[in_class] - mid_ranks(ranks[in_class])) / num_others
        wins = below if level == 1 else 1 - below
        influence[in_class] = (wins - area) * len(classes) / in_class.sum()
    return influence


def information_influence(ranks: FloatArray, classes: NDArray[np.int64]) -> FloatArray:
    """Compute the influence of each image on the mutual information over the label's entropy.

    Args:
        ranks: mid-ranks of the codes, shape `(num, num_latents)`.
        classes: from 0, shape `(num,)`.

    Returns:
        Shape `(num, num_latents)`, of mean 0.
    """
    bins = class_bins(ranks)
    shares = joint_counts(bins, classes) / len(classes)
    expected = shares.sum(2, keepdims=True) * shares.sum(1, keepdims=True)
    ratio = np.log(np.divide(shares, expected, out=np.ones_like(shares), where=shares > 0))
    class_shares = np.bincount(classes) / len(classes)
    occupied = class_shares[class_shares > 0]
    label_entropy = -(occupied * np.log(occupied)).sum()
    pointwise = ratio[np.arange(ratio.shape[0]), bins, classes[:, None]]
    return np.asarray((pointwise - pointwise.mean(0)) / label_entropy)


def standard_errors(influence: FloatArray, members: Members) -> FloatArray:
    """Compute standard errors; images of a group add up before they are squared (Obuchowski 1997).

    Args:
        influence: of each image, shape `(num, num_latents)`.
        members: group of each image, numbered from 0, or None where each stands for itself.

    Returns:
        Shape `(num_latents,)`.
    """
    sums = influence
    if members is not None:
        sums = np.stack([np.bincount(members, column) for column in influence.T], axis=1)
    return np.asarray(np.sqrt((sums**2).sum(0)) / len(influence))
