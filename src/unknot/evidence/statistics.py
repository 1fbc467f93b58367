"""What is compared with its permutations: how far each code and each label go together."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unknot.measure.association import class_bins, n_log_n
from unknot.measure.table import CLASS_BINS, Factor

FloatArray = NDArray[np.float64]


class Statistics:
    """Rank sums of binary labels and information of others, for labels dealt to other images.

    Labels are centred as they were dealt: with groups of different sizes, their shares change.
    Images are counted by products of matrices of zeros and ones, exact in single precision up to
    16 million images.

    Args:
        ranks: of the codes, shape `(num, num_codes)`.
        factors: the labels.
    """

    def __init__(self, ranks: FloatArray, factors: Sequence[Factor]) -> None:
        self._ranks = ranks
        self._binary = np.array([factor.num_levels == 2 for factor in factors])
        levels = [f.levels for f in factors if f.num_levels == 2]
        self._levels = np.stack(levels, axis=1) if levels else np.empty((len(ranks), 0))
        classes = [_indicators(f.classes) for f in factors if f.num_levels != 2]
        if classes:
            widths = [one.shape[1] for one in classes]
            self._first_class = np.cumsum([0, *widths[:-1]])
            self._classes = np.hstack(classes)
            self._bins = _indicators(class_bins(ranks), CLASS_BINS)

    def __call__(self, rows: NDArray[np.int64]) -> FloatArray:
        """Of every code beside every label, shape `(num_codes, num_labels)`.

        Args:
            rows: the image that each image's labels come from.
        """
        found = np.empty((self._ranks.shape[1], len(self._binary)))
        levels = self._levels[rows]
        known = levels >= 0
        share = np.where(known, levels, 0).sum(0) / np.maximum(known.sum(0), 1)
        found[:, self._binary] = self._ranks.T @ np.where(known, levels - share, 0.0)
        if not self._binary.all():
            found[:, ~self._binary] = self._information(rows)
        return found

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
