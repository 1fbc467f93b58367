"""Mid-ranks beside SciPy's."""

import numpy as np
import pytest
from scipy.stats import rankdata

from unknot.metrics.estimators.ranks import mid_ranks


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_ranks_are_scipys(rng: np.random.Generator) -> None:
    values = np.stack(
        [rng.standard_normal(50), rng.integers(5, size=50), np.zeros(50), -np.arange(50)], axis=1
    )
    np.testing.assert_array_equal(mid_ranks(values), rankdata(values, axis=0))
    for column in values.T:
        np.testing.assert_array_equal(mid_ranks(column), rankdata(column))


def test_values_that_hardly_differ_are_not_equal(
    rng: np.random.Generator,
) -> None:
    values = 1 + 1e-12 * rng.permutation(20)
    np.testing.assert_array_equal(mid_ranks(values), rankdata(values))


def test_no_values_have_no_ranks() -> None:
    assert mid_ranks(np.empty((0, 3))).shape == (0, 3)
    assert mid_ranks(np.empty(0)).shape == (0,)
    assert mid_ranks(np.empty((4, 0))).shape == (4, 0)
