"""The permutation test: its statistics beside plain sums, its draws, its size."""

import numpy as np
import pytest

from unknot.common.errors import UserError
from unknot.evidence.label_effects import class_bins
from unknot.evidence.permutation_test import (
    PairStatistics,
    members_of,
    permutation_test,
    permuted_rows,
)
from unknot.metrics.estimators.ranks import mid_ranks
from unknot.metrics.table import make_factor

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
    statistics = PairStatistics(ranks, factors)(rows)
    for k, factor in enumerate(factors):
        classes = factor.classes[rows]
        known = classes >= 0
        for j, bins in enumerate(class_bins(ranks).T):
            assert statistics[j, k] == pytest.approx(
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
    statistics = PairStatistics(ranks, [make_factor("a", "discrete", levels.astype(float))])(rows)
    has = levels[rows] == 1
    expected = ranks[has].sum(0) - has.mean() * ranks.sum(0)
    np.testing.assert_allclose(statistics[:, 0], expected)


def test_labels_of_every_kind_side_by_side(rng: np.random.Generator) -> None:
    """Rows that repeat, as where labels move from group to group, and labels that are not known."""
    ranks = mid_ranks(rng.normal(size=(NUM, 2)))
    columns = [rng.integers(k, size=NUM).astype(float) for k in (3, 2, 4, 2)]
    columns[1][rng.random(NUM) < 0.3] = np.nan
    factors = [make_factor(name, "discrete", column) for name, column in zip("abcd", columns)]
    rows = rng.integers(NUM, size=NUM)
    statistics = PairStatistics(ranks, factors)(rows)
    for k, factor in enumerate(factors):
        np.testing.assert_allclose(statistics[:, k], PairStatistics(ranks, [factor])(rows)[:, 0])
    for k in (1, 3):
        dealt = columns[k][rows]
        known = ~np.isnan(dealt)
        expected = (dealt[known] - dealt[known].mean()) @ ranks[known]
        np.testing.assert_allclose(statistics[:, k], expected)


def test_no_active_latent_is_no_row(rng: np.random.Generator) -> None:
    factor = make_factor("a", "discrete", rng.integers(3, size=NUM).astype(float))
    assert PairStatistics(np.empty((NUM, 0)), [factor])(np.arange(NUM)).shape == (0, 1)


def test_labels_move_within_groups_and_from_group_to_group() -> None:
    members = np.repeat([0, 1, 2], [2, 3, 2])
    rows = permuted_rows(members, 7, np.random.default_rng(0))
    for group in range(3):
        assert len(set(members[rows[members == group]])) == 1
    alone = permuted_rows(None, 7, np.random.default_rng(0))
    assert sorted(alone) == list(range(7))


def test_groups_are_numbered_and_loners_stand_alone() -> None:
    members = members_of([5, -1, 5, 9, -1], 5)
    assert members is not None
    assert members[0] == members[2]
    assert len(set(members)) == 4
    assert members_of(None, 3) is None
    assert members_of([-1, -1, -1], 3) is None
    assert members_of([1, 2, 3], 3) is None
    for groups in ([1], [0.5, 1.0, 2.0]):
        with pytest.raises(UserError, match="groups has shape"):
            members_of(groups, 3)


def test_the_largest_statistic_decides(rng: np.random.Generator) -> None:
    """A pair that is told passes; the others' p-values are corrected for all pairs."""
    levels = rng.integers(2, size=(200, 3)).astype(float)
    codes = rng.normal(size=(200, 2))
    codes[:, 1] += 2 * levels[:, 2]
    factors = [make_factor(name, "discrete", levels[:, k]) for k, name in enumerate("abc")]
    tested = permutation_test(mid_ranks(codes), factors, [None] * 3, 200, rng)
    assert tested.p_value[1, 2] == 1 / 201
    assert tested.z[1, 2] > 5
    assert (np.delete(tested.p_value.ravel(), 5) > 0.05).all()
    again = permutation_test(mid_ranks(-codes), factors, [None] * 3, 200, rng)
    assert again.z[1, 2] < -5  # either side counts
    assert again.p_value[1, 2] == 1 / 201


def test_few_permutations_are_exact() -> None:
    """On a scale of the permutations alone, chance passed a level of 5% in 19% of cases here."""
    num_passed = 0
    for seed in range(400):
        rng = np.random.default_rng(seed)
        levels = rng.integers(2, size=(NUM, 3)).astype(float)
        factors = [make_factor(name, "discrete", levels[:, k]) for k, name in enumerate("abc")]
        ranks = mid_ranks(rng.normal(size=(NUM, 3)))
        tested = permutation_test(ranks, factors, [None] * 3, 19, rng)
        num_passed += bool((tested.p_value <= 0.05).any())
    assert 6 <= num_passed <= 34  # 20 are expected; beyond comes once in 700 times
