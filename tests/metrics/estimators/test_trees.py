"""Trees with and without their forest, and shares of their importances."""

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor

from unknot.metrics.estimators.trees import LEAF, forest_importances, predicted_share, shares


@pytest.mark.parametrize("seed", range(3))
def test_one_tree_is_that_of_a_forest_of_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.normal(size=(300, 4))
    values = codes[:, 0] + 0.3 * rng.normal(size=300)
    training = rng.random(300) < 0.67
    share = predicted_share(
        codes,
        values,
        training,
        continuous=True,
        rng=np.random.default_rng(seed),
        num_trees=1,
    )
    drawn = int(np.random.default_rng(seed).integers(2**31))
    forest = ExtraTreesRegressor(1, min_samples_leaf=LEAF, max_features=None, random_state=drawn)
    guess = forest.fit(codes[training], values[training]).predict(codes[~training])
    truth = values[~training]
    assert share == pytest.approx(1 - np.mean((guess - truth) ** 2) / np.var(truth), rel=1e-12)


def test_importance_goes_to_the_latent_that_tells_the_classes() -> None:
    rng = np.random.default_rng(0)
    classes = np.arange(300) % 3
    codes = np.column_stack([classes, rng.standard_normal(300)])
    assert forest_importances(codes, classes, rng) == pytest.approx([1, 0], abs=0.01)
    assert forest_importances(np.ones((300, 2)), classes, rng).tolist() == [0, 0]


def test_shares_of_known_importances() -> None:
    spread = shares(np.array([[1.0, 0.5], [0, 0.5], [0, 0]]))
    first = 1 - (2 / 3 * np.log(3 / 2) + 1 / 3 * np.log(3)) / np.log(2)
    assert spread.disentanglement == pytest.approx([first, 1, 0])
    assert spread.latent_weights == pytest.approx([0.75, 0.25, 0])
    assert spread.completeness == pytest.approx([1, 1 - np.log(2) / np.log(3)])
