"""Trees that predict factors, and the table of importances that latents have for them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import ExtraTreesClassifier, ExtraTreesRegressor
from sklearn.tree import DecisionTreeRegressor, ExtraTreeClassifier, ExtraTreeRegressor

FloatArray = NDArray[np.float64]

LEAVES = 9  # of the trees that tell a level from the rest
SAMPLE = 0.632  # share of the points that each of them sees, as in a bootstrap sample
NUM_TREES = 12
MAX_POINTS = 10_000  # as in Locatello et al. 2019
PREDICTING_TREES = 20
LEAF = 5


class Shares(NamedTuple):
    """How a table of importances is spread (Eastwood and Williams 2018, section 3).

    Attributes:
        disentanglement: of each latent, `1 - H(row) / ln num_factors`, shape `(num_latents,)`.
        latent_weights: each latent's share of all importance, the same shape.
        completeness: of each factor, `1 - H(column) / ln num_latents`, shape `(num_factors,)`.
    """

    disentanglement: FloatArray
    latent_weights: FloatArray
    completeness: FloatArray


def shares(importances: FloatArray) -> Shares:
    """Compute the disentanglement of each latent and the completeness of each factor.

    Args:
        importances: not negative, each column summing to 1 or 0, shape
            `(num_latents, num_factors)`.
    """
    rows = importances.sum(1)
    weights = rows / rows.sum() if rows.sum() > 0 else rows
    return Shares(
        disentanglement=_concentration(importances),
        latent_weights=weights,
        completeness=_concentration(importances.T),
    )


def _concentration(table: FloatArray) -> FloatArray:
    """Take 1 minus the entropy of each row over that of an even row; 0 for rows of zeros."""
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
    """Measure how much each latent helps random trees to tell the classes apart.

    For every class, small trees tell it from the rest, as the boosted trees of the reference
    implementation do; their Gini importances are averaged, weighted by the variance of the class.

    Args:
        codes: shape `(num, num_latents)`.
        classes: from 0, shape `(num,)`.
        rng: draws the points that each tree sees.
        num_trees: at least so many in all, and one per class.

    Returns:
        Shape `(num_latents,)`, summing to 1, or zeros where no split was worth making.
    """
    codes = codes.astype(np.float32)
    present = np.flatnonzero(np.bincount(classes))
    present = present[1:] if len(present) == 2 else present
    trees = -(-num_trees // len(present))
    num_seen = round(SAMPLE * min(len(codes), MAX_POINTS))
    total = np.zeros(codes.shape[1])
    state = np.random.RandomState(0)  # seeded anew: to make one takes a tenth of a tree's time
    for level in present:
        is_level = (classes == level).astype(np.float64)  # its variance is half the Gini impurity
        for _ in range(trees):
            seen = rng.permutation(len(codes))[:num_seen]
            state.seed(int(rng.integers(2**31)))
            tree = DecisionTreeRegressor(max_leaf_nodes=LEAVES, random_state=state)
            tree.fit(codes[seen], is_level[seen, None], check_input=False)
            total += tree.tree_.compute_feature_importances() * is_level.var()
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
    """Measure how well extra trees predict a factor at points not used to fit them.

    They are those of Geurts et al. 2006.

    Args:
        codes: shape `(num, num_latents)`.
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
        state = np.random.RandomState(seed)
        state.seed(state.randint(np.iinfo(np.int32).max))
        one_tree = ExtraTreeRegressor if continuous else ExtraTreeClassifier
        tree = one_tree(random_state=state, **options)
        codes = codes.astype(np.float32)  # as trees have them; to check them takes as long as both
        tree.fit(codes[training], values[training], check_input=False)
        guess = tree.predict(codes[~training], check_input=False)
    else:
        forest = ExtraTreesRegressor if continuous else ExtraTreesClassifier
        trees = forest(num_trees, random_state=seed, **options)
        guess = trees.fit(codes[training], values[training]).predict(codes[~training])
    truth = values[~training]
    if continuous:
        error, worst = np.mean((guess - truth) ** 2), np.var(truth)
    else:
        error = np.mean(guess != truth)
        worst = 1 - np.unique(truth, return_counts=True)[1].max() / len(truth)
    return float(np.clip(1 - error / worst, 0, 1)) if worst > 0 else 0.0
