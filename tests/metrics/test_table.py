"""Codes beside factors: order, sign, rounding, what is left of some points."""

import numpy as np
import pytest

from tests.metrics.codes import NO_NULLS, world
from unknot.metrics import KEYS, score
from unknot.metrics.inputs import make_table
from unknot.metrics.table import canonical, make_factor


def test_values_that_differ_by_rounding_are_the_same() -> None:
    factors, _ = world(2_000)
    a, b, c, _ = factors.T
    codes = np.stack([0.1 * a + 0.2 * b + 0.3 * c, 0.7 * b - 0.1 * c, 0.3 * c + 0.1 * a], axis=1)
    before = score(codes, factors, nulls=NO_NULLS)
    after = score(codes * [0.3, -7e-4, 3.3], factors, nulls=NO_NULLS)
    for key in KEYS:
        assert after[key].value == pytest.approx(before[key].value, abs=1e-6), key


def test_canonical_codes_do_not_depend_on_order_and_sign() -> None:
    codes = np.random.default_rng(0).standard_normal((100, 3)) * [1, 5, 0.2] + 3
    ordered, order = canonical(codes)
    moved, _ = canonical(codes[:, [2, 0, 1]] * [-1, 2, -3])
    np.testing.assert_allclose(moved, ordered, atol=1e-9)
    assert sorted(order) == [0, 1, 2]
    assert ordered.std(0) == pytest.approx([1, 1, 1])


def test_values_of_factors_and_latents_come_back_in_the_order_that_was_given() -> None:
    factors, perfect = world(100)
    codes = np.column_stack([np.ones(100), perfect])
    factors[:, 0] = 1
    table = make_table(codes, factors)
    per_latent = table.per_latent(table.source_columns.astype(float))
    assert np.isnan(per_latent[0])
    assert per_latent[1:] == (1, 2, 3, 4)
    assert list(table.per_factor(np.arange(3.0)).values())[1:] == [0, 1, 2]
    assert table.num_latents == 5


def test_some_points_shuffled_points_and_other_codes() -> None:
    factors, perfect = world(300)
    table = make_table(perfect, factors)
    part = table.take(np.arange(100))
    assert len(part) == 100
    assert part.cache == {}
    shuffled = table.shuffled(np.random.default_rng(0))
    np.testing.assert_array_equal(shuffled.codes, table.codes)
    assert sorted(shuffled.factors[0].values) == sorted(table.factors[0].values)
    assert table.with_codes(np.column_stack([perfect[:, 0], np.ones(300)])).num_active == 1


def test_levels_are_merged_with_their_neighbors() -> None:
    factor = make_factor("size", "discrete", np.repeat(np.arange(8.0), 25))
    assert factor.merged(4).tolist() == np.repeat(np.arange(4), 50).tolist()
    continuous = make_factor("size", "continuous", np.arange(200.0))
    assert (continuous.num_levels, continuous.classes.max()) == (20, 9)


def test_two_thirds_of_the_known_points_train() -> None:
    factors, perfect = world(300)
    factors[:60, 0] = np.nan
    table = make_table(perfect, factors)
    training = table.training(table.factors[0])
    assert (len(training), training.sum()) == (240, 160)
