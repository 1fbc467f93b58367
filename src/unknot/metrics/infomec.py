"""InfoMEC: modularity, compactness and explicitness from information theory (Hsu et al. 2023).

It stands apart from the other metrics of information because it mixes two estimates, neighbors
for shares and a linear model for explicitness, and tests its own labels: where no latent beats
permuted labels, shares of nothing are large by chance, and the scores are 0 and void.
"""

import numpy as np
from numpy.typing import NDArray

from unknot.metrics.estimators.entropy import entropy
from unknot.metrics.estimators.knn import information_with_levels
from unknot.metrics.estimators.linear import explained_entropy, explained_variance
from unknot.metrics.predictor_based import linear_classes
from unknot.metrics.result import (
    ONE_FACTOR,
    SINGLE_LATENT,
    VOID,
    MetricResult,
    mean_over_factors,
    mean_over_latents,
    void_result,
)
from unknot.metrics.significance import informative_pairs, uninformative_latents_flag
from unknot.metrics.table import QUICK_CLASSES, ROTATION, Factor, Table

FloatArray = NDArray[np.float64]


def infomec(table: Table) -> dict[str, MetricResult]:
    """InfoM, InfoC and InfoE (Hsu et al. 2023, section 4).

    From 0 to 1. 1: each latent tells of one factor alone; one latent alone tells each factor; a
    linear model reads every factor without error. 0: each latent tells of all factors alike; all
    latents tell of each factor alike; a linear model reads nothing. For random rotations, which
    change no linear model, InfoE is left out.
    """
    results = _concentrations(table)
    if table.quick != ROTATION:
        results["infomec_explicitness"] = mean_over_factors(table, _explicitness(table))
    return results


def concentration(shares: FloatArray) -> FloatArray:
    """Measure how much of each row lies in its largest entry (Hsu et al. 2023, section 4).

    Args:
        shares: not negative, shape `(rows, columns)`.

    Returns:
        `(largest share of the row - 1/columns) / (1 - 1/columns)`, shape `(rows,)`: 1 if it is all
        in one entry, 0 for even rows and for rows of zeros.
    """
    num = shares.shape[1]
    if num == 1:
        return (shares[:, 0] > 0).astype(float)
    total = shares.sum(1)
    largest = np.divide(shares.max(1), total, np.full(len(shares), 1 / num), where=total > 0)
    return (largest - 1 / num) / (1 - 1 / num)


def _concentrations(table: Table) -> dict[str, MetricResult]:
    """Compute InfoM and InfoC."""
    uninformative = _uninformative_factors(table)
    if uninformative is None:
        nothing = MetricResult(0.0, flags=(VOID,) if table.num_active else ())
        return {"infomec_modularity": nothing, "infomec_compactness": nothing}
    shares = _information_shares(table)
    flags = (f"{VOID} for {', '.join(uninformative)}",) if uninformative else ()
    latent_flags = (*flags, *uninformative_latents_flag(table))
    return {
        "infomec_modularity": (
            void_result(ONE_FACTOR)
            if len(table.factors) < 2
            else mean_over_latents(table, concentration(shares), latent_flags)
        ),
        "infomec_compactness": (
            void_result(SINGLE_LATENT)
            if table.num_active == 1
            else mean_over_factors(table, concentration(shares.T), flags)
        ),
    }


def _information_shares(table: Table) -> FloatArray:
    """Compute `I(z; v) / H(v)` of each pair, shape `(num_active, num_factors)`."""
    shares = np.zeros((table.num_active, len(table.factors)))
    for k, factor in enumerate(table.factors if table.num_active else ()):
        levels = factor.merged(QUICK_CLASSES) if table.quick else factor.levels
        known_levels, codes = levels[factor.known], table.codes[factor.known]
        information = [information_with_levels(known_levels, latent) for latent in codes.T]
        shares[:, k] = np.array(information) / entropy(np.bincount(known_levels))
    return shares


def _uninformative_factors(table: Table) -> list[str] | None:
    """Name factors of which no latent tells more than chance; None if that holds for all."""
    if table.quick:
        return []
    informed = np.any(informative_pairs(table), axis=0)
    if not np.any(informed):
        return None
    return [factor.name for k, factor in enumerate(table.factors) if not informed[k]]


def _explicitness(table: Table) -> FloatArray:
    """Compute what a linear model reads of each factor, from 0 to 1, shape `(num_factors,)`."""
    if not table.num_active:
        return np.zeros(len(table.factors))
    return np.array([_linear_explicitness(table, factor) for factor in table.factors])


def _linear_explicitness(table: Table, factor: Factor) -> float:
    if factor.kind == "discrete":
        return explained_entropy(*linear_classes(table, factor))
    codes, values = table.codes[factor.known], factor.values[factor.known]
    return explained_variance(codes, values, table.training(factor))
