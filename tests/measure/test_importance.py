"""Trees without their forest."""

import numpy as np
import pytest
from sklearn.ensemble import ExtraTreesRegressor

from unknot.measure.importance import LEAF, predicted_share


@pytest.mark.parametrize("seed", range(3))
def test_one_tree_is_that_of_a_forest_of_one(seed: int) -> None:
    rng = np.random.default_rng(seed)
    codes = rng.normal(size=(300, 4))
    values = codes[:, 0] + 0.3 * rng.normal(size=300)
    training = rng.random(300) < 0.67
    share = predicted_share(
        *(codes, values, training),
        continuous=True,
        rng=np.random.default_rng(seed),
        num_trees=1,
    )
    drawn = int(np.random.default_rng(seed).integers(2**31))
    forest = ExtraTreesRegressor(1, min_samples_leaf=LEAF, max_features=None, random_state=drawn)
    guess = forest.fit(codes[training], values[training]).predict(codes[~training])
    truth = values[~training]
    assert share == pytest.approx(1 - np.mean((guess - truth) ** 2) / np.var(truth), rel=1e-12)
