"""Metrics of how well factors are predicted: DCI, SAP, explicitness.

Each takes a `Table` and returns its result by key. Predictors are fitted on two thirds of the
points and tested on the rest. A draw of a null gets fewer trees and fewer classes.
"""

import numpy as np
from numpy.typing import NDArray

from unknot.metrics.estimators import trees
from unknot.metrics.estimators.linear import class_probabilities, mean_auroc, squared_correlations
from unknot.metrics.result import (
    ONE_FACTOR,
    SINGLE_LATENT,
    MetricResult,
    mean_over_factors,
    void_result,
)
from unknot.metrics.table import QUICK_CLASSES, ROTATION, Factor, Table

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

QUICK_TREES = 3


def dci(table: Table) -> dict[str, MetricResult]:
    """Disentanglement, completeness, informativeness (Eastwood and Williams 2018, section 3).

    From 0 to 1. 1: each latent matters for one factor alone; one latent alone matters for each
    factor; trees predict every factor without error. 0: every latent matters for all factors alike;
    all latents matter alike; predictions are no better than the commonest level.
    """
    rng = table.rng("dci")
    importances = np.zeros((table.num_active, len(table.factors)))
    informativeness = np.zeros(len(table.factors))
    for k, factor in enumerate(table.factors if table.num_active else ()):
        importances[:, k] = _importances(table, factor, rng)
        informativeness[k] = _tree_informativeness(table, factor, rng)
    spread = trees.shares(importances)
    return {
        "dci_disentanglement": _disentanglement(table, spread),
        "dci_completeness": (
            void_result(SINGLE_LATENT)
            if table.num_active == 1
            else mean_over_factors(table, spread.completeness)
        ),
        "dci_informativeness": mean_over_factors(table, informativeness),
    }


def sap(table: Table) -> dict[str, MetricResult]:
    """Separated attribute predictability, by R2 (Kumar et al. 2018, section 3).

    From 0 to 1. 1: one latent is a linear function of each factor and no other correlates with it;
    0: the two best predict it alike.
    """
    gaps = np.array(
        [
            predictability_gap(squared_correlations(table.codes[f.known], f.values[f.known]))
            for f in table.factors
        ]
    )
    return {"sap": mean_over_factors(table, gaps)}


def explicitness(table: Table) -> dict[str, MetricResult]:
    """Area under the curve of a linear classifier, scaled to 0 and 1 (Ridgeway and Mozer 2018).

    From 0 to 1. 1: for every class the classifier ranks all its points before the others; 0: it
    ranks them as chance does. Nothing for random rotations, which change no linear model.
    """
    if table.quick == ROTATION:
        return {}
    scores = np.zeros(len(table.factors))
    for k, factor in enumerate(table.factors if table.num_active else ()):
        probabilities, truth = linear_classes(table, factor)
        scores[k] = max(2 * mean_auroc(probabilities, truth) - 1, 0)
    return {"explicitness": mean_over_factors(table, scores)}


def predictability_gap(explained: FloatArray) -> float:
    """Compute the gap between the two latents that predict a factor best (Kumar et al. 2018).

    Args:
        explained: R2 of the factor by each latent, shape `(num_latents,)`.
    """
    best = np.sort(np.concatenate([explained, [0.0, 0.0]]))
    return float(best[-1] - best[-2])


def linear_classes(table: Table, factor: Factor) -> tuple[FloatArray, IntArray]:
    """Predict a factor's classes by logistic regression on all latents, at the test points.

    Returns:
        Probabilities, shape `(num_tested, num_classes)`, and the true classes. They are computed
        once for a table.
    """
    key = f"linear classes of {factor.name}"
    if key not in table.cache:
        known, classes = factor.known, _classes(table, factor)
        training = table.training(factor)
        probabilities = class_probabilities(
            table.codes[known], classes, int(classes.max()) + 1, training
        )
        table.cache[key] = probabilities, classes[~training]
    predictions: tuple[FloatArray, IntArray] = table.cache[key]
    return predictions


def _classes(table: Table, factor: Factor) -> IntArray:
    """Find a factor's classes where it is known; few of them in a quick table."""
    classes = factor.merged(QUICK_CLASSES) if table.quick else factor.classes
    return classes[factor.known]


def _importances(table: Table, factor: Factor, rng: np.random.Generator) -> FloatArray:
    """Measure how much each latent helps trees to tell a factor, shape `(num_active,)`."""
    num_trees = QUICK_TREES if table.quick else trees.NUM_TREES
    codes, classes = table.codes[factor.known], _classes(table, factor)
    return trees.forest_importances(codes, classes, rng, num_trees=num_trees)


def _tree_informativeness(table: Table, factor: Factor, rng: np.random.Generator) -> float:
    """Measure how well trees predict a factor from all latents, from 0 to 1."""
    continuous = factor.kind == "continuous"
    target = factor.values if continuous else factor.levels
    return trees.predicted_share(
        table.codes[factor.known],
        target[factor.known],
        table.training(factor),
        continuous=continuous,
        rng=rng,
        num_trees=1 if table.quick else trees.PREDICTING_TREES,
    )


def _disentanglement(table: Table, spread: trees.Shares) -> MetricResult:
    if len(table.factors) < 2:
        return void_result(ONE_FACTOR)
    value = float(spread.disentanglement @ spread.latent_weights)
    return MetricResult(value, per_latent=table.per_latent(spread.disentanglement))
