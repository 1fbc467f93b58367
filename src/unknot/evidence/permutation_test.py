"""Permutation test of latents beside labels: labels go to other images, or other groups' images."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.evidence.label_effects import Members, class_bins, n_log_n
from unknot.metrics.table import CLASS_BINS, Factor

FloatArray = NDArray[np.float64]

ROUNDING = 1e-9


class PermutationTest(NamedTuple):
    """What the test gives for every pair of a latent and a label.

    Attributes:
        z: the statistic less its mean over the permutations, in their standard deviations, shape
            `(num_latents, num_labels)`.
        p_value: corrected for all pairs, the same shape.
    """

    z: FloatArray
    p_value: FloatArray


def permutation_test(
    ranks: FloatArray,
    factors: Sequence[Factor],
    members: Sequence[Members],
    permutations: int,
    rng: np.random.Generator,
) -> PermutationTest:
    """Test every latent beside every label at once (Westfall and Young 1993).

    The statistics of `PairStatistics` are put on one scale, their standard deviations over the
    permutations and the labels as they are: otherwise rare labels would set the threshold. A pair's
    p-value is the share of all these in which the largest statistic of all pairs reaches its own.
    That of a label of two values counts on either side. As the labels as they are take part in
    their own scale, they are one draw like any other where they have nothing to do with the codes,
    and the p-value is exact with any number of permutations.

    Args:
        ranks: mid-ranks of the codes, shape `(num, num_latents)`.
        factors: the labels.
        members: for each label, the groups that it is permuted by; all that are not None are equal.
        permutations: draws of the null.
        rng: draws them.
    """
    is_binary = np.array([factor.num_levels == 2 for factor in factors])
    observed = PairStatistics(ranks, factors)(np.arange(len(ranks)))
    drawn = _permuted_statistics(ranks, factors, members, permutations, rng)
    strength = _strengths(np.concatenate([observed[None], drawn]), is_binary)
    largest = np.sort(strength[1:].max((1, 2), initial=0))
    at_least = permutations - np.searchsorted(largest, strength[0] - ROUNDING)
    std = drawn.std(0)
    z = (observed - drawn.mean(0)) / np.where(std > 0, std, np.inf)
    return PermutationTest(z=z, p_value=(1 + at_least) / (1 + permutations))


def _strengths(statistics: FloatArray, is_binary: NDArray[np.bool_]) -> FloatArray:
    """Put statistics of several draws on one scale, the same shape: high for what stands out.

    Args:
        statistics: shape `(num_draws, num_latents, num_labels)`.
        is_binary: which labels have two values, shape `(num_labels,)`.
    """
    std = statistics.std(0)
    scaled = (statistics - statistics.mean(0)) / np.where(std > 0, std, np.inf)
    return np.where(is_binary, np.abs(scaled), scaled)


def _permuted_statistics(
    ranks: FloatArray,
    factors: Sequence[Factor],
    members: Sequence[Members],
    permutations: int,
    rng: np.random.Generator,
) -> FloatArray:
    """Statistics of all pairs for each permutation, `(permutations, num_latents, num_labels)`."""
    drawn = np.empty((permutations, ranks.shape[1], len(factors)))
    for groups in {groups is not None: groups for groups in members}.values():
        columns = [k for k, others in enumerate(members) if others is groups]
        statistics = PairStatistics(ranks, [factors[k] for k in columns])
        for i in range(permutations):
            drawn[i][:, columns] = statistics(permuted_rows(groups, len(ranks), rng))
    return drawn


class PairStatistics:
    """Statistics of every latent beside every label, for labels that go to other images.

    Of a binary label it is the rank sum, of another the mutual information. Labels are centered
    after they were permuted: with groups of different sizes, their shares change. Images are
    counted by products of matrices of zeros and ones, exact in single precision up to 16 million
    images.

    Args:
        ranks: mid-ranks of the codes, shape `(num, num_latents)`.
        factors: the labels.
    """

    def __init__(self, ranks: FloatArray, factors: Sequence[Factor]) -> None:
        self._ranks = ranks
        self._binary = np.array([factor.num_levels == 2 for factor in factors])
        levels = [factor.levels for factor in factors if factor.num_levels == 2]
        self._levels = np.stack(levels, axis=1) if levels else np.empty((len(ranks), 0))
        classes = [_indicators(factor.classes) for factor in factors if factor.num_levels != 2]
        if classes:
            widths = [indicators.shape[1] for indicators in classes]
            self._first_class = np.cumsum([0, *widths[:-1]])
            self._classes = np.hstack(classes)
            self._bins = _indicators(class_bins(ranks), CLASS_BINS)

    def __call__(self, rows: NDArray[np.int64]) -> FloatArray:
        """Compute the statistic of every pair, shape `(num_latents, num_labels)`.

        Args:
            rows: the image that each image's labels come from.
        """
        statistics = np.empty((self._ranks.shape[1], len(self._binary)))
        levels = self._levels[rows]
        known = levels >= 0
        share = np.where(known, levels, 0).sum(0) / np.maximum(known.sum(0), 1)
        statistics[:, self._binary] = self._ranks.T @ np.where(known, levels - share, 0.0)
        if not self._binary.all():
            statistics[:, ~self._binary] = self._information(rows)
        return statistics

    def _information(self, rows: NDArray[np.int64]) -> FloatArray:
        """Mutual information of bins and classes, in nats times the images where they are known."""
        shape = self._ranks.shape[1], CLASS_BINS, self._classes.shape[1]
        counts = (self._bins.T @ self._classes[rows]).reshape(shape)
        in_bin = self._by_label(counts)
        return (
            self._by_label(n_log_n(counts).sum(1))
            - self._by_label(n_log_n(counts.sum(1)))
            - n_log_n(in_bin).sum(1)
            + n_log_n(in_bin.sum(1))
        )

    def _by_label(self, classes: NDArray[np.floating]) -> FloatArray:
        """Sums over the classes of each label, which are the last axis."""
        return np.asarray(np.add.reduceat(classes, self._first_class, axis=-1))


def _indicators(values: NDArray[np.int64], num: int = 0) -> NDArray[np.float32]:
    """Which of the numbers below `num` each value is, side by side; none of them for -1."""
    num = num or int(values.max()) + 1
    return (values[..., None] == np.arange(num)).reshape(len(values), -1).astype(np.float32)


def members_of(groups: Any, num: int) -> Members:
    """Number groups from 0, images without a group each as a group of their own.

    Args:
        groups: a whole number for each image, -1 where it has none, or None.
        num: images.

    Returns:
        None if no two images share a group.

    Raises:
        UserError: if there is not one whole number for each image.
    """
    if groups is None:
        return None
    given = np.asarray(groups)
    if given.shape != (num,) or given.dtype.kind not in "iu":
        raise UserError(f"groups has shape {given.shape}; give a whole number for each image")
    alone = given < 0
    if alone.all():
        return None
    separate = given.astype(np.int64)
    separate[alone] = given.max() + 1 + np.arange(alone.sum())
    members = np.unique(separate, return_inverse=True)[1]
    return None if np.bincount(members).max() == 1 else members.astype(np.int64)


def permuted_rows(members: Members, num: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Draw the row that each row gets its labels from.

    With groups, a group gets the labels of another group's images in random order, some of them
    twice or not at all where the two differ in size.

    Args:
        members: group of each row, numbered from 0, or None.
        num: rows.
        rng: draws the permutation.
    """
    if members is None:
        return rng.permutation(num)
    shuffled = np.lexsort((rng.random(num), members))
    sizes = np.bincount(members)
    starts = np.cumsum(sizes) - sizes
    by_group = np.argsort(members, kind="stable")
    place = np.empty(num, np.int64)
    place[by_group] = np.arange(num) - np.repeat(starts, sizes)
    donor = rng.permutation(len(sizes))[members]
    return shuffled[starts[donor] + place % sizes[donor]]
