"""How well each latent tells each label, against closed forms and scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import mutual_info_score, roc_auc_score

from unknot.evidence.label_effects import (
    area_influence,
    auroc,
    class_bins,
    effect_intervals,
    effects,
    information_influence,
    information_share,
    joint_counts,
    n_log_n,
    read_labels,
    selectivity,
    standard_errors,
)
from unknot.metrics.estimators.entropy import entropy
from unknot.metrics.estimators.ranks import mid_ranks


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


def test_labels_are_sorted_out_by_their_values(rng: np.random.Generator) -> None:
    columns = [
        rng.integers(2, size=200),
        rng.standard_normal(200),
        np.ones(200),
        np.arange(200) < 4,
        np.full(200, np.nan),
        np.where(np.arange(200) < 5, 1.0, np.nan),
    ]
    labels = read_labels(np.stack(columns, axis=1).astype(float), list("abcdef"))
    assert labels.names == ("a", "b")
    assert labels.binary.tolist() == [True, False]
    assert [factor.kind for factor in labels.factors] == ["discrete", "continuous"]
    assert labels.excluded_labels == {
        "c": "has one value only (1)",
        "d": "only 4 images differ from its commonest value",
        "e": "not known",
        "f": "known at 5 images only",
    }


def test_classes_of_distinct_codes_are_of_the_same_size(rng: np.random.Generator) -> None:
    codes = rng.standard_normal((50, 1))
    counts = np.bincount(class_bins(mid_ranks(codes))[:, 0])
    assert counts.tolist() == [5] * 10


def test_areas_are_scikit_learns(rng: np.random.Generator) -> None:
    codes, positive = rng.standard_normal((300, 2)), rng.random(300) < 0.3
    expected = [roc_auc_score(positive, column) for column in codes.T]
    np.testing.assert_allclose(auroc(mid_ranks(codes), positive), expected)


def test_shares_of_information_are_scikit_learns_less_the_bias(rng: np.random.Generator) -> None:
    bins, classes = rng.integers(10, size=(5_000, 1)), rng.integers(3, size=5_000)
    counts = joint_counts(bins, classes)
    assert counts.shape == (1, 10, 3)
    assert counts.sum() == 5_000
    bias = (30 - 10 - 3 + 1) / (2 * 5_000)
    plug_in = mutual_info_score(bins[:, 0], classes)
    expected = max(plug_in - bias, 0) / entropy(np.bincount(classes))
    assert information_share(bins, classes)[0] == pytest.approx(expected)
    assert n_log_n(np.array([0, 1, 2])) == pytest.approx([0, 0, 2 * np.log(2)])


def test_effects_are_areas_and_shares_of_information(rng: np.random.Generator) -> None:
    values = np.stack([np.arange(2_000) % 2, np.arange(2_000) % 10], axis=1).astype(float)
    labels = read_labels(values, ["half", "digit"])
    codes = np.stack([values[:, 1], -values[:, 0], rng.standard_normal(2_000)], axis=1)
    table = effects(codes + 1e-6 * rng.standard_normal(codes.shape), labels.factors)
    assert table[1, 0] == pytest.approx(1)
    assert table[0, 1] == pytest.approx(1, abs=1e-3)
    assert table[2] == pytest.approx([0.5, 0], abs=0.03)


def test_many_latents_are_taken_in_parts(rng: np.random.Generator) -> None:
    labels = read_labels(rng.integers(3, size=(100, 1)).astype(float), ["a"])
    codes = rng.standard_normal((100, 60))
    table = effects(codes, labels.factors)
    np.testing.assert_array_equal(table[50:], effects(codes[:, 50:], labels.factors))


def test_selectivity_is_the_gap_between_the_two_best() -> None:
    table = np.array([[0.9, 0.5], [0.6, 0.2], [0.5, 0.1]])
    binary = np.array([True, False])
    assert selectivity(table, binary) == pytest.approx([0.3, 0.3])
    assert selectivity(table[:1], binary) == pytest.approx([0.4, 0.5])


def test_standard_errors_are_those_of_many_samples() -> None:
    """Of the area and of the information, against the scatter over independent samples."""
    areas, shares, errors = [], [], []
    for seed in range(150):
        rng = np.random.default_rng(seed)
        classes = rng.integers(2, size=400)
        ranks = mid_ranks(rng.standard_normal((400, 1)) + classes[:, None])
        areas.append(auroc(ranks, classes == 1)[0])
        shares.append(information_share(class_bins(ranks), classes)[0])
        influences = area_influence(ranks, classes), information_influence(ranks, classes)
        errors.append([standard_errors(influence, None)[0] for influence in influences])
    assert np.mean(errors, axis=0) == pytest.approx([np.std(areas), np.std(shares)], rel=0.2)


def test_images_of_a_group_count_together(rng: np.random.Generator) -> None:
    influence = np.repeat(rng.standard_normal((50, 1)), 4, axis=0)
    members = np.repeat(np.arange(50), 4)
    alone, together = standard_errors(influence, None), standard_errors(influence, members)
    assert together == pytest.approx(2 * alone)


def test_intervals_lie_round_the_effects(rng: np.random.Generator) -> None:
    values = np.stack([rng.integers(2, size=500), rng.integers(4, size=500)], axis=1).astype(float)
    labels = read_labels(values, ["binary", "four"])
    codes = values + rng.standard_normal((500, 2))
    table = effects(codes, labels.factors)
    low, high = np.moveaxis(effect_intervals(codes, labels.factors, [None, None], table), 2, 0)
    assert (low <= table).all()
    assert (table <= high).all()
    assert (low >= np.where(labels.binary, 0.5, 0.0)).all()
    assert (high - low > 0).all()
