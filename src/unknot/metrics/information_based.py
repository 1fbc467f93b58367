"""Metrics of mutual information: MIG, MIG-sup, JEMMIG, MED, modularity, total correlation.

Each takes a `Table` and returns its result by key; the formulas behind them, on plain arrays,
follow. Gaps (MIG, MIG-sup, JEMMIG) take the corrected estimate of information, without the bias of
few points. Shares (MED, modularity) take the plug-in estimate of their papers, whose noise
spreads evenly over a share.
"""

import numpy as np
from numpy.typing import NDArray

from unknot.metrics.estimators import knn
from unknot.metrics.estimators.entropy import Information
from unknot.metrics.estimators.trees import shares
from unknot.metrics.result import (
    ONE_FACTOR,
    UNBOUNDED,
    MetricResult,
    mean_over_factors,
    mean_over_latents,
    void_result,
)
from unknot.metrics.significance import uninformative_latents_flag
from unknot.metrics.table import Table

FloatArray = NDArray[np.float64]


def mig(table: Table) -> dict[str, MetricResult]:
    """Mutual information gap (Chen et al. 2018, eq. 6).

    From 0 to 1. 1: one latent tells each factor wholly and no other tells anything of it; 0: two
    latents tell the same, or none tells anything.
    """
    gaps = np.zeros(len(table.factors))
    if table.num_active:
        gaps = information_gap(table.information.corrected, table.information.entropy)
    return {"mig": mean_over_factors(table, gaps)}


def mig_sup(table: Table) -> dict[str, MetricResult]:
    """The information gap seen from the latents (Li et al. 2020, eq. 9).

    From 0 to 1. 1: each latent tells one factor wholly and nothing of the others; 0: each tells two
    alike, or nothing.
    """
    if len(table.factors) < 2:
        return {"mig_sup": void_result(ONE_FACTOR)}
    gaps = latent_information_gap(table.information.corrected, table.information.entropy)
    return {"mig_sup": mean_over_latents(table, gaps, uninformative_latents_flag(table))}


def jemmig(table: Table) -> dict[str, MetricResult]:
    """Joint entropy minus mutual information gap, normalized (Do and Tran 2020, eq. 11).

    From 0 to 1. 1: the best latent tells the factor and nothing else, and no other tells it; 0: no
    latent tells anything.
    """
    scores = np.zeros(len(table.factors))
    if table.num_active:
        scores = joint_entropy_gap(table.information)
    return {"jemmig": mean_over_factors(table, scores)}


def med(table: Table) -> dict[str, MetricResult]:
    """DCI's disentanglement with shares of mutual information (Cao et al. 2022, section 4).

    From 0 to 1. 1: each latent tells of one factor alone; 0: each tells of all factors alike.
    """
    if len(table.factors) < 2:
        return {"med": void_result(ONE_FACTOR)}
    plug_in = table.information.plug_in
    total = plug_in.sum(0)
    spread = shares(np.divide(plug_in, total, np.zeros_like(plug_in), where=total > 0))
    value = float(spread.disentanglement @ spread.latent_weights)
    return {"med": MetricResult(value, per_latent=table.per_latent(spread.disentanglement))}


def modularity(table: Table) -> dict[str, MetricResult]:
    """Whether each latent tells of one factor alone (Ridgeway and Mozer 2018, section 3).

    From 0 to 1. 1: each latent tells of one factor alone; 0: each tells of all factors alike.
    """
    if len(table.factors) < 2:
        return {"modularity": void_result(ONE_FACTOR)}
    modularities = latent_modularity(table.information.plug_in)
    flags = uninformative_latents_flag(table)
    return {"modularity": mean_over_latents(table, modularities, flags, chance=None)}


def total_correlation(table: Table) -> dict[str, MetricResult]:
    """How much the latents tell of one another, in nats (Watanabe 1960).

    From 0 without bound. 0: the latents are independent.
    """
    value = knn.total_correlation(table.codes, table.rng("total correlation"))
    flags = () if np.isfinite(value) else (UNBOUNDED,)
    return {"total_correlation": MetricResult(value, chance=None, flags=flags)}


def information_gap(information: FloatArray, entropies: FloatArray) -> FloatArray:
    """Compute the mutual information gap of each factor (Chen et al. 2018, eq. 6).

    Args:
        information: of each latent with each factor, in nats, shape `(num_latents, num_factors)`.
        entropies: of the factors, in nats, shape `(num_factors,)`.

    Returns:
        `(I_1 - I_2) / H`, shape `(num_factors,)`: 1 if one latent alone tells the factor, 0 if two
        tell the same.
    """
    first, second = _two_best(information, axis=0)
    return (first - second) / entropies


def latent_information_gap(information: FloatArray, entropies: FloatArray) -> FloatArray:
    """Compute each latent's gap between the two factors it tells most of (Li et al. 2020, eq. 9).

    Args:
        information: of each latent with each factor, in nats, shape `(num_latents, num_factors)`.
        entropies: of the factors, in nats, shape `(num_factors,)`.

    Returns:
        Shape `(num_latents,)`: 1 if a latent tells one factor alone and that wholly.
    """
    first, second = _two_best(information / entropies, axis=1)
    return first - second


def joint_entropy_gap(information: Information) -> FloatArray:
    """Compute joint entropy minus mutual information gap (Do and Tran 2020, eq. 11).

    Returns:
        `1 - (H(v, z*) - I_1 + I_2) / (H(v) + ln bins)`, shape `(num_factors,)`, from 0 to 1: 1 if
        the best latent tells the factor and nothing else.
    """
    first, second = _two_best(information.corrected, axis=0)
    best = information.corrected.argmax(0)
    factors = np.arange(len(best))
    joint = information.joint_entropy[best, factors]
    most = information.entropy + np.log(information.num_bins[best, factors])
    return np.clip(1 - (joint - first + second) / most, 0, 1)


def latent_modularity(information: FloatArray) -> FloatArray:
    """Compute whether each latent tells of one factor alone (Ridgeway and Mozer 2018, section 3).

    Args:
        information: plug-in estimates, in nats, shape `(num_latents, num_factors)`.

    Returns:
        `1 - sum of the other squares / (largest square * (num_factors - 1))`, shape
        `(num_latents,)`; 0 for a latent that tells of nothing.
    """
    squares = information**2
    most = squares.max(1)
    others = squares.sum(1) - most
    largest = most * (information.shape[1] - 1)
    return 1 - np.divide(others, largest, out=np.ones_like(most), where=largest > 0)


def _two_best(values: FloatArray, axis: int) -> tuple[FloatArray, FloatArray]:
    """Find the largest and the second largest along an axis; 0 where there is no second."""
    nothing = np.zeros_like(values.take([0], axis))
    ordered = np.sort(np.concatenate([values, nothing], axis), axis)
    return ordered.take(-1, axis), ordered.take(-2, axis)
