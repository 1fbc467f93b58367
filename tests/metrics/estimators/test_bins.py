"""Quantile bins, bins of equal width, levels."""

import numpy as np

from unknot.metrics.estimators.bins import levels_of, rank_bins, width_bins


def test_rank_bins_keep_equal_values_together_and_shares_even() -> None:
    values = np.random.default_rng(0).standard_normal(1_000).round(2)
    bins, num = rank_bins(values, 20)
    assert num == 20
    assert all(len(set(bins[values == value])) == 1 for value in np.unique(values))
    assert np.ptp(np.bincount(bins)) < 30


def test_few_values_are_their_own_bins() -> None:
    bins, num = rank_bins(np.array([3.0, -1.0, 3.0, 8.0]), 20)
    assert num == 3
    assert bins.tolist() == [1, 0, 1, 2]


def test_width_bins_reach_from_the_least_to_the_largest() -> None:
    assert width_bins(np.array([0.0, 0.1, 0.5, 1.0]), 4).tolist() == [0, 0, 2, 3]
    assert width_bins(np.ones(3), 4).tolist() == [0, 0, 0]


def test_levels_leave_out_what_is_not_known() -> None:
    values = np.array([2.0, np.nan, 5.0, 2.0])
    levels, num_levels = levels_of(values, None)
    assert (levels.tolist(), num_levels) == ([0, -1, 1, 0], 2)
