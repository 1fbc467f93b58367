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

MOST_OVERFIT = 0.02  # what InfoE may be expected to lose to overfitting without a flag


def infomec(table: Table) -> dict[str, MetricResult]:
    """InfoM, InfoC and InfoE (Hsu et al. 2023, section 4).

    From 0 to 1. 1: each latent tells of one factor alone; one latent alone tells each factor; a
    linear model reads every factor without error. 0: each latent tells of all factors alike; all
    latents tell of each factor alike; a linear model reads nothing. For random rotations, which
    change no linear model, InfoE is left out.

    InfoE is too low where images are too few for the latents, and flagged where `expected_overfit`
    is above 0.02. In a simulation (2 to 20 levels, 5 to 30 latents, 300 to 5,000 images) it was at
    most .04 too low without the flag; with 30 latents and a factor of four levels it was 0 with 600
    images, .77 with 2,000 and .80 with 5,000, the first without flag, where .82 is true.
    """
    results = _concentrations(table)
    if table.quick != ROTATION:
        explained = _explicitness(table)
        flags = _too_few_images_flag(table, explained)
        results["infomec_explicitness"] = mean_over_factors(table, explained, flags)
    return results


def expected_overfit(num_latents: int, num_levels: int, entropy_of: float, num: int) -> float:
    """Estimate what a logistic regression loses on other points than it was fitted on.

    The log-likelihood of points that were not seen falls by one half of a nat for each parameter
    over the number of points (Akaike 1974). It falls by more where the estimate is above .02.

    Args:
        num_latents: that it reads.
        num_levels: that it tells apart.
        entropy_of: of the factor, in nats.
        num: points that it is fitted on.

    Returns:
        The share of the entropy.
    """
    return (num_latents + 1) * (num_levels - 1) / (2 * num * entropy_of)


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
    orders = [np.argsort(latent, kind="stable") for latent in table.codes.T]
    for k, factor in enumerate(table.factors if table.num_active else ()):
        levels = factor.merged(QUICK_CLASSES) if table.quick else factor.levels
        known_levels, codes = levels[factor.known], table.codes[factor.known]
        is_whole = len(codes) == len(table.codes)
        information = [
            information_with_levels(known_levels, latent, order=order if is_whole else None)
            for latent, order in zip(codes.T, orders)
        ]
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


def _too_few_images_flag(table: Table, explained: FloatArray) -> tuple[str, ...]:
    """Name the factors of which a linear model is expected to lose more than 2% by overfitting.

    Args:
        table: that was scored.
        explained: InfoE of each factor, shape `(num_factors,)`.
    """
    if table.quick or not table.num_active:
        return ()
    losses = [_overfit(table, factor, info) for factor, info in zip(table.factors, explained)]
    names = [f.name for f, loss in zip(table.factors, losses) if loss > MOST_OVERFIT]
    if not names:
        return ()
    needed = 100 * np.ceil(max(losses) / MOST_OVERFIT * len(table) / 100)
    return (
        f"too few images for a linear model of {table.num_active} latents: {', '.join(names)}; "
        f"the score is too low, give {needed:,.0f} images or more",
    )


def _overfit(table: Table, factor: Factor, explained: float) -> float:
    """Estimate what InfoE of one factor loses to overfitting."""
    num = int(table.training(factor).sum())
    if factor.kind == "continuous":
        return (1 - explained) * (table.num_active + 1) / num
    label_entropy = entropy(np.bincount(factor.levels[factor.known]))
    return expected_overfit(table.num_active, factor.num_levels, label_entropy, num)
