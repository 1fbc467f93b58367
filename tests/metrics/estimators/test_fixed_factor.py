"""Sets of points that share a factor's value."""

import numpy as np
import pytest

from unknot.metrics.estimators.fixed_factor import (
    classify,
    draw_sharing,
    group_rows,
    largest_deviation,
    least_varying,
    majority_vote,
    pair_differences,
    robustness,
)

CLASSES = np.array([0, 1, -1, 1, 0, 2, 1])


def test_rows_are_grouped_and_rare_values_skipped() -> None:
    groups = group_rows(CLASSES, 2)
    assert groups.rows.tolist() == [0, 4, 1, 3, 6]
    assert groups.starts.tolist() == [0, 2]
    assert groups.sizes.tolist() == [2, 3]
    assert groups.num_skipped == 1


@pytest.mark.parametrize("size", [2, 5, 40])
def test_sets_share_a_value_and_hold_no_point_twice(size: int) -> None:
    classes = np.arange(300) % 3
    sets = draw_sharing(group_rows(classes, size), 200, size, np.random.default_rng(0))
    assert sets.shape == (200, size)
    assert (np.ptp(classes[sets], axis=1) == 0).all()
    assert (np.diff(np.sort(sets, axis=1), axis=1) > 0).all()


def test_a_latent_of_the_fixed_factor_stands_still() -> None:
    rng = np.random.default_rng(0)
    classes = np.arange(400) % 4
    codes = np.column_stack([classes, rng.standard_normal(400)])
    groups = group_rows(classes, 10)
    differences = pair_differences(codes, groups, 20, rng)
    assert (differences[:, 0] == 0).all()
    assert differences[:, 1].mean() == pytest.approx(2 / np.pi**0.5, abs=0.05)  # E|a - b|
    assert least_varying(codes, groups, 20, 10, rng).tolist() == [0] * 20


def test_a_linear_classifier_is_tested_on_rows_it_did_not_see() -> None:
    labels = np.arange(90) % 3
    inputs = np.eye(3)[labels] * [1, 100, 0.01]
    assert classify(inputs, labels, 60).tolist() == [1] * 30


def test_latents_are_named_by_the_majority_of_the_first_votes() -> None:
    votes, labels = np.array([0, 0, 0, 1, 0, 1]), np.array([1, 1, 0, 0, 1, 1])
    assert majority_vote(votes, labels, 2, 4).tolist() == [1, 0]


def test_robustness_of_a_fixed_latent_and_of_a_free_one() -> None:
    rng = np.random.default_rng(0)
    classes = np.arange(1_000) % 2
    codes = np.column_stack([classes, rng.uniform(-1, 1, 1_000)])
    fixed, free = robustness(codes, classes)
    assert fixed == 1
    assert free < 0.05
    assert largest_deviation(codes) == pytest.approx([0.5, 1], abs=0.05)


def test_values_count_alike_however_often_they_occur() -> None:
    """Weighted by how often they occur, robustness would be .81 here."""
    common = 0.1 * np.tile([-1.0, 1.0], 90)
    rare = np.tile([-1.0, 1.0], 10)
    codes = np.concatenate([common, rare])[:, None]
    classes = np.repeat([0, 1], [180, 20])
    assert robustness(codes, classes) == pytest.approx([1 - (0.1 + 1) / 2])
    alone = np.append(codes, [[1.0]], axis=0), np.append(classes, 2)
    assert robustness(*alone) == pytest.approx([1 - (0.1 + 1) / 2], abs=0.02)
    assert robustness(codes[:3], np.arange(3)) == pytest.approx([0])
