"""How much each image moves an effect, from which its standard error follows."""

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from unknot.measure.association import auroc, class_bins, joint_counts

FloatArray = NDArray[np.float64]


def area_influence(ranks: FloatArray, classes: NDArray[np.int64]) -> FloatArray:
    """Influence of each image on the area under the curve (DeLong et al. 1988).

    Args:
        ranks: mid-ranks of the codes, shape `(num, num_codes)`.
        classes: 0 or 1, shape `(num,)`.

    Returns:
        Shape `(num, num_codes)`, of mean 0.
    """
    influence = np.empty_like(ranks)
    area = auroc(ranks, classes == 1)
    for level in (0, 1):
        own = classes == level
        others = len(classes) - own.sum()
        below = (ranks[own] - rankdata(ranks[own], axis=0)) / others
        wins = below if level == 1 else 1 - below
        influence[own] = (wins - area) * len(classes) / own.sum()
    return influence


def information_influence(ranks: FloatArray, classes: NDArray[np.int64]) -> FloatArray:
    """Influence of each image on the mutual information over the label's entropy.

    Args:
        ranks: mid-ranks of the codes, shape `(num, num_codes)`.
        classes: from 0, shape `(num,)`.

    Returns:
        Shape `(num, num_codes)`, of mean 0.
    """
    bins = class_bins(ranks)
    shares = joint_counts(bins, classes) / len(classes)
    expected = shares.sum(2, keepdims=True) * shares.sum(1, keepdims=True)
    ratio = np.log(np.divide(shares, expected, out=np.ones_like(shares), where=shares > 0))
    own = np.bincount(classes) / len(classes)
    entropy = -(own[own > 0] * np.log(own[own > 0])).sum()
    pointwise = ratio[np.arange(ratio.shape[0]), bins, classes[:, None]]
    return np.asarray((pointwise - pointwise.mean(0)) / entropy)


def standard_errors(influence: FloatArray, members: NDArray[np.int64] | None) -> FloatArray:
    """Of the effects; images of one group add up before they are squared (Obuchowski 1997).

    Args:
        influence: of each image, shape `(num, num_codes)`.
        members: group of each image, numbered from 0, or None where each stands for itself.

    Returns:
        Shape `(num_codes,)`.
    """
    sums = influence
    if members is not None:
        sums = np.stack([np.bincount(members, column) for column in influence.T], axis=1)
    return np.asarray(np.sqrt((sums**2).sum(0)) / len(influence))
