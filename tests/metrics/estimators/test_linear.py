"""Simple predictors against closed forms and scikit-learn."""

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from unknot.metrics.estimators.linear import (
    class_probabilities,
    explained_entropy,
    explained_variance,
    mean_auroc,
    squared_correlations,
)


def test_squared_correlations_are_those_of_numpy() -> None:
    rng = np.random.default_rng(0)
    values = rng.standard_normal(200)
    codes = np.column_stack([2 * values, values + rng.standard_normal(200), np.ones(200)])
    expected = [1, np.corrcoef(codes[:, 1], values)[0, 1] ** 2, 0]
    assert squared_correlations(codes, values) == pytest.approx(expected)


def test_classes_that_can_be_separated_are_predicted() -> None:
    classes = np.arange(300) % 3
    codes = np.eye(3)[classes] + 0.01 * np.random.default_rng(0).standard_normal((300, 3))
    training = np.arange(300) < 200
    probabilities = class_probabilities(codes, classes, 4, training)
    assert probabilities.shape == (100, 4)
    assert (probabilities.argmax(1) == classes[~training]).all()
    assert probabilities[:, 3] == pytest.approx(0)  # it has no training point
    assert explained_entropy(probabilities, classes[~training]) > 0.95


def test_explained_entropy_of_guesses_is_none() -> None:
    assert explained_entropy(np.full((100, 2), 0.5), np.arange(100) % 2) == pytest.approx(0)
    assert explained_entropy(np.ones((10, 1)), np.zeros(10, np.int64)) == 0


def test_areas_under_the_curve_are_those_of_scikit_learn() -> None:
    rng = np.random.default_rng(0)
    classes = np.arange(200) % 2
    second = np.clip(0.3 * classes + rng.random(200), 0, 1)
    probabilities = np.column_stack([1 - second, second])
    assert mean_auroc(probabilities, classes) == pytest.approx(roc_auc_score(classes, second))
    assert mean_auroc(probabilities, np.zeros(200, np.int64)) == 0.5


def test_explained_variance_of_a_line_and_of_noise() -> None:
    rng = np.random.default_rng(0)
    codes, training = rng.standard_normal((300, 2)), np.arange(300) < 200
    assert explained_variance(codes, codes @ [1, 2] + 3, training) == pytest.approx(1)
    assert explained_variance(codes, rng.standard_normal(300), training) < 0.05
