"""Entropies and mutual information against closed forms."""

import numpy as np
import pytest

from unknot.metrics.estimators.entropy import (
    contingency,
    entropy,
    information_between,
    mutual_information,
)


def test_entropy_of_known_tables() -> None:
    assert entropy(np.array([1, 1, 1, 1])) == pytest.approx(np.log(4))
    assert entropy(np.array([0.5, 0.25, 0.25, 0])) == pytest.approx(1.5 * np.log(2))
    assert entropy(np.array([7, 0])) == 0


def test_mutual_information_of_known_tables() -> None:
    assert mutual_information(np.eye(3)) == pytest.approx(np.log(3))
    assert mutual_information(np.outer([1, 2], [3, 4, 5])) == pytest.approx(0)
    both = np.array([[0.4, 0.1], [0.1, 0.4]])  # a binary symmetric channel
    expected = np.log(2) + 0.8 * np.log(0.8) + 0.2 * np.log(0.2)
    assert mutual_information(both) == pytest.approx(expected)


def test_the_correction_takes_the_bias_of_independent_tables_away() -> None:
    rng = np.random.default_rng(0)
    tables = [
        np.histogram2d(*rng.integers(10, size=(2, 2_000)), bins=(range(11), range(11)))[0]
        for _ in range(50)
    ]
    plug_in = np.mean([mutual_information(t) for t in tables])
    corrected = np.mean([mutual_information(t, corrected=True) for t in tables])
    assert plug_in == pytest.approx(81 / 4_000, rel=0.1)  # (K - 1)(B - 1) / 2N
    assert abs(corrected) < 0.002


def test_contingency_counts_pairs() -> None:
    first, second = np.array([0, 0, 1, 1]), np.array([0, 2, 2, 2])
    assert contingency(first, 2, second, 3).tolist() == [[1, 0, 1], [0, 0, 2]]


def test_information_between_exact_latents_and_a_factor() -> None:
    levels = np.arange(4_000) % 4
    codes = np.column_stack([levels, np.random.default_rng(0).standard_normal(4_000)])
    information = information_between(codes.astype(float), [(levels, 4)])
    assert information.corrected[:, 0] == pytest.approx([np.log(4), 0], abs=0.01)
    assert information.plug_in[:, 0] == pytest.approx([np.log(4), 0], abs=0.01)
    assert information.joint_entropy[0, 0] == pytest.approx(np.log(4), abs=0.01)
    assert information.num_bins[:, 0].tolist() == [4, 20]
    assert information.entropy == pytest.approx([np.log(4)], abs=0.01)
