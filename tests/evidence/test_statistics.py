"""Rank sums and information beside their plain sums."""

import numpy as np
import pytest

from unknot.evidence.statistics import Statistics
from unknot.measure.association import class_bins, mid_ranks
from unknot.measure.table import make_factor

NUM = 60


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_information_is_that_of_the_joint_counts(rng: np.random.Generator) -> None:
    codes = rng.normal(size=(NUM, 3))
    columns = [rng.integers(4, size=NUM), rng.normal(size=NUM), rng.integers(3, size=NUM)]
    columns[0] = np.where(rng.random(NUM) < 0.3, np.nan, columns[0])
    factors = [
        make_factor(name, kind, column.astype(float))
        for name, kind, column in zip("abc", ("discrete", "continuous", "discrete"), columns)
    ]
    ranks = mid_ranks(codes)
    rows = rng.permutation(NUM)
    found = Statistics(ranks, factors)(rows)
    for k, factor in enumerate(factors):
        classes = factor.classes[rows]
        known = classes >= 0
        for j, bins in enumerate(class_bins(ranks).T):
            assert found[j, k] == pytest.approx(
                known.sum() * information(bins[known], classes[known])
            )


def information(a: np.ndarray, b: np.ndarray) -> float:
    """Of two columns of numbers, in nats."""
    total = 0.0
    for x in np.unique(a):
        for y in np.unique(b):
            both = np.mean((a == x) & (b == y))
            if both > 0:
                total += both * np.log(both / np.mean(a == x) / np.mean(b == y))
    return total


def test_a_rank_sum_is_of_the_images_with_the_label(rng: np.random.Generator) -> None:
    ranks = mid_ranks(rng.normal(size=(NUM, 2)))
    levels = rng.integers(2, size=NUM)
    rows = rng.permutation(NUM)
    found = Statistics(ranks, [make_factor("a", "discrete", levels.astype(float))])(rows)
    has = levels[rows] == 1
    expected = ranks[has].sum(0) - has.mean() * ranks.sum(0)
    np.testing.assert_allclose(found[:, 0], expected)


def test_labels_of_every_kind_side_by_side(rng: np.random.Generator) -> None:
    """Rows that repeat, as where labels move from group to group, and labels that are not known."""
    ranks = mid_ranks(rng.normal(size=(NUM, 2)))
    columns = [rng.integers(k, size=NUM).astype(float) for k in (3, 2, 4, 2)]
    columns[1][rng.random(NUM) < 0.3] = np.nan
    factors = [make_factor(name, "discrete", column) for name, column in zip("abcd", columns)]
    rows = rng.integers(NUM, size=NUM)
    found = Statistics(ranks, factors)(rows)
    for k, factor in enumerate(factors):
        np.testing.assert_allclose(found[:, k], Statistics(ranks, [factor])(rows)[:, 0])
    for k in (1, 3):
        dealt = columns[k][rows]
        known = ~np.isnan(dealt)
        expected = (dealt[known] - dealt[known].mean()) @ ranks[known]
        np.testing.assert_allclose(found[:, k], expected)


def test_no_latent_in_use_is_no_row(rng: np.random.Generator) -> None:
    factor = make_factor("a", "discrete", rng.integers(3, size=NUM).astype(float))
    assert Statistics(np.empty((NUM, 0)), [factor])(np.arange(NUM)).shape == (0, 1)
