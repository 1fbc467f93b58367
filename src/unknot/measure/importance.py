"""Measures made of a table of importances: how much each code matters for each factor."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.tree import DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor

FloatArray = NDArray[np.float64]

LEAVES = 9  # of the trees that tell one level from the rest
SAMPLE = 0.632  # share of the points that each of them sees, as in a bootstrap sample
NUM_TREES = 12
MAX_POINTS = 10_000  # as in Locatello et al. 2019
PREDICTING_TREES = 20
LEAF = 5


class Shares(NamedTuple):
    """How a table of importances is spread (Eastwood and Williams 2018, section 3).

    Attributes:
        disentanglement: of each code, `1 - H(row) / ln num_factors`, shape `(num_codes,)`.
        code_weights: each code's share of all importance, the same shape.
        completeness: of each factor, `1 - H(column) / ln num_codes`, shape `(num_factors,)`.
    """

    disentanglement: FloatArray
    code_weights: FloatArray
    completeness: FloatArray


def shares(importances: FloatArray) -> Shares:
    """Disentanglement of each code and completeness of each factor.

    Args:
        importances: not negative, each column summing to 1 or 0, shape
            `(num_codes, num_factors)`.
    """
    rows = importances.sum(1)
    weights = rows / rows.sum() if rows.sum() > 0 else rows
    return Shares(_concentration(importances), weights, _concentration(importances.T))


def _concentration(table: FloatArray) -> FloatArray:
    """1 minus the entropy of each row over that of an even row; 0 for empty rows, 1 if single."""
    total = table.sum(1, keepdims=True)
    parts = np.divide(table, total, out=np.zeros_like(table), where=total > 0)
    logs = np.log(parts, out=np.zeros_like(parts), where=parts > 0)
    if table.shape[1] < 2:
        return (total[:, 0] > 0).astype(float)
    result = 1 + (parts * logs).sum(1) / np.log(table.shape[1])
    return np.where(total[:, 0] > 0, result, 0.0)


def forest_importances(
    codes: FloatArray,
    classes: NDArray[np.int64],
    rng: np.random.Generator,
    *,
    num_trees: int = NUM_TREES,
) -> FloatArray:
    """How much each code helps random trees to tell the classes apart.

    For every class, small trees tell it from the rest, as the boosted trees of the reference
    implementation do; their Gini importances are averaged, weighted by the variance of the class.

    Args:
        codes: shape `(num, num_codes)`.
        classes: from 0, shape `(num,)`.
        rng: draws the points that each tree sees.
        num_trees: at least so many in all, and one per class.

    Returns:
        Shape `(num_codes,)`, summing to 1, or zeros where no split was worth making.
    """
    codes = codes.astype(np.float32)
    present = np.unique(classes)
    present = present[1:] if len(present) == 2 else present
    trees = -(-num_trees // len(present))
    num_seen = round(SAMPLE * min(len(codes), MAX_POINTS))
    total = np.zeros(codes.shape[1])
    for level in present:
        one = (classes == level).astype(np.float64)  # its variance is half the Gini impurity
        for _ in range(trees):
            drawn = rng.permutation(len(codes))[:num_seen]
            seed = int(rng.integers(2**31))
            tree = DecisionTreeRegressor(max_leaf_nodes=LEAVES, random_state=seed)
            tree.fit(codes[drawn], one[drawn, None], check_input=False)
            total += tree.feature_importances_ * one.var()
    return total / total.sum() if total.sum() > 0 else total


def predicted_share(
    codes: FloatArray,
    values: NDArray[np.number],
    training: NDArray[np.bool_],
    *,
    continuous: bool,
    rng: np.random.Generator,
    num_trees: int = PREDICTING_TREES,
) -> float:
    """How well extra trees (Geurts et al. 2006) predict a factor at points not used to fit them.

    Args:
        codes: shape `(num, num_codes)`.
        values: of the factor, shape `(num,)`.
        training: which points to fit on, shape `(num,)`.
        continuous: regress instead of classify.
        rng: seeds the trees.
        num_trees: whose predictions are averaged.

    Returns:
        `(accuracy - majority) / (1 - majority)`, or R2 of a continuous factor; 0 to 1.
    """
    options = {"min_samples_leaf": LEAF, "max_features": None}
    seed = int(rng.integers(2**31))
    if num_trees == 1:  # the one tree of such a forest, whose overhead is three times the tree
        options["random_state"] = np.random.RandomState(seed).randint(np.iinfo(np.int32).max)
        tree = ExtraTreeRegressor(**options) if continuous else ExtraTreeClassifier(**options)
    else:
        forest = ExtraTreesRegressor if continuous else ExtraTreesClassifier
        tree = forest(num_trees, random_state=seed, **options)
    guess = tree.fit(codes[training], values[training]).predict(codes[~training])
    truth = values[~training]
    if continuous:
        error, worst = np.mean((guess - truth) ** 2), np.var(truth)
    else:
        error = np.mean(guess != truth)
        worst = 1 - np.unique(truth, return_counts=True)[1].max() / len(truth)
    return float(np.clip(1 - error / worst, 0, 1)) if worst > 0 else 0.0
