"""Mid-ranks of values: equal ones share the mean of their ranks."""

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def mid_ranks(values: NDArray[np.number]) -> FloatArray:
    """Rank every column from 1; equal values share the mean of their ranks.

    Args:
        values: shape `(num, num_columns)` or `(num,)`; none of them NaN.

    Returns:
        The same shape.
    """
    columns = np.ascontiguousarray(np.atleast_2d(values.T))
    order = np.argsort(columns, axis=1)
    ranks = np.empty(columns.shape)
    np.put_along_axis(ranks, order, np.arange(1.0, len(values) + 1)[None], axis=1)
    ordered = np.take_along_axis(columns, order, axis=1)
    for i in np.flatnonzero((ordered[:, 1:] == ordered[:, :-1]).any(1)):
        ranks[i, order[i]] = _shared_ranks(ordered[i])
    return ranks.T.reshape(values.shape)


def _shared_ranks(ordered: NDArray[np.number]) -> FloatArray:
    """Rank ascending values of which some are equal, shape `(num,)`."""
    last = np.append(np.flatnonzero(ordered[1:] != ordered[:-1]), len(ordered) - 1)
    counts = np.diff(last, prepend=-1)
    return np.asarray(np.repeat(last + 1 - (counts - 1) / 2, counts))
