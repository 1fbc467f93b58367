"""Metrics that hold one factor fixed and watch the latents: beta-VAE's, FactorVAE's, IRS.

Each takes a `Table` and returns its result by key. Images are not rendered anew: sets of points
that share a factor's value are drawn from the points that were given (`estimators.fixed_factor`).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from unknot.metrics.estimators.fixed_factor import (
    BATCH,
    Groups,
    classify,
    group_rows,
    largest_deviation,
    least_varying,
    majority_vote,
    pair_differences,
    robustness,
)
from unknot.metrics.result import ONE_FACTOR, MetricResult
from unknot.metrics.significance import uninformative_latents_flag
from unknot.metrics.table import Factor, Table

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]

FULL_SETS = (10_000, 5_000)  # sets to train and to test the classifier and the vote
QUICK_SETS = (2_000, 1_000)

_FactorGroups = list[tuple[Factor, Groups]]
_NamedRightly = Callable[[Table, _FactorGroups, IntArray, int, np.random.Generator], FloatArray]


def beta_vae_score(table: Table) -> dict[str, MetricResult]:
    """A linear classifier names the factor that 64 pairs share (Higgins et al. 2017, section 3).

    From 0 to 1. 1: it names every factor; chance is 1 over the number of factors.
    """
    groups = [(factor, group_rows(factor.classes, 2)) for factor in table.factors]
    chance = 1 / max(len(_with_values(groups)), 1)
    # "higgins" seeds the generator: the name that this score had in version 0.1.0
    return {"beta_vae_score": _sampled(table, groups, "higgins", _classified_rightly, chance)}


def factor_vae_score(table: Table) -> dict[str, MetricResult]:
    """The latent that varies least votes for the fixed factor (Kim and Mnih 2018, section 4).

    From 0 to 1. 1: every vote is right; chance is 1 over the number of factors.
    """
    groups = [(factor, group_rows(factor.classes, _set_size(factor))) for factor in table.factors]
    flags = tuple(
        f"sets of {_set_size(factor)} points, not {BATCH}, for {factor.name}"
        for factor, _ in _with_values(groups)
        if _set_size(factor) < BATCH
    )
    # "factor_vae" seeds the generator: the name that this score had in version 0.1.0
    return {"factor_vae_score": _sampled(table, groups, "factor_vae", _voted_rightly, 0.0, flags)}


def irs(table: Table) -> dict[str, MetricResult]:
    """Interventional robustness (Suter et al. 2019, section 4).

    From 0 to 1. 1: one factor fixes each latent, whatever the others do; 0: a fixed factor leaves
    each latent its whole range. Every value of a factor counts alike, however often it occurs.
    Codes that hold nothing score well above 0.
    """
    if not table.num_active:
        return {"irs": MetricResult(0.0, chance=None)}
    by_factor = [robustness(table.codes[f.known], f.classes[f.known]) for f in table.factors]
    best = np.stack(by_factor, axis=1).max(1)
    value = float(np.average(best, weights=largest_deviation(table.codes)))
    flags = uninformative_latents_flag(table)
    per_latent = table.per_latent(best)
    return {"irs": MetricResult(value, per_latent=per_latent, chance=None, flags=flags)}


def _sampled(
    table: Table,
    groups: _FactorGroups,
    seed_text: str,
    named_rightly: _NamedRightly,
    collapsed_value: float,
    flags: tuple[str, ...] = (),
) -> MetricResult:
    """Draw a factor for each training and test set, and see how often it is named rightly."""
    used = _with_values(groups)
    flags = (*_skipped_flags(groups), *flags)
    if len(used) < 2:
        return MetricResult(float("nan"), chance=None, flags=(*flags, ONE_FACTOR))
    chance = 1 / len(used)
    if not table.num_active:
        return MetricResult(collapsed_value, chance=chance, flags=flags)
    rng = table.rng(seed_text)
    num_training, num_test = QUICK_SETS if table.quick else FULL_SETS
    parts = (np.arange(num) % len(used) for num in (num_training, num_test))
    labels = np.concatenate([rng.permutation(part) for part in parts])
    right = named_rightly(table, used, labels, num_training, rng)
    tested = labels[num_training:]
    shares = {factor.name: float(right[tested == k].mean()) for k, (factor, _) in enumerate(used)}
    per_factor = {name: shares.get(name, float("nan")) for name in table.factor_names}
    return MetricResult(float(right.mean()), per_factor, chance=chance, flags=flags)


def _classified_rightly(
    table: Table,
    groups: _FactorGroups,
    labels: IntArray,
    num_training: int,
    rng: np.random.Generator,
) -> FloatArray:
    inputs = np.empty((len(labels), table.num_active))
    for k, (_, group) in enumerate(groups):
        rows = np.flatnonzero(labels == k)
        inputs[rows] = pair_differences(table.codes, group, len(rows), rng)
    return classify(inputs, labels, num_training)


def _voted_rightly(
    table: Table,
    groups: _FactorGroups,
    labels: IntArray,
    num_training: int,
    rng: np.random.Generator,
) -> FloatArray:
    votes = np.empty(len(labels), np.int64)
    for k, (factor, group) in enumerate(groups):
        rows = np.flatnonzero(labels == k)
        votes[rows] = least_varying(table.codes, group, len(rows), _set_size(factor), rng)
    return majority_vote(votes, labels, table.num_active, num_training)


def _with_values(groups: _FactorGroups) -> _FactorGroups:
    """Leave out factors of which no value has enough points."""
    return [(factor, group) for factor, group in groups if len(group.sizes)]


def _skipped_flags(groups: _FactorGroups) -> tuple[str, ...]:
    return tuple(
        f"values of {factor.name} with too few points: {group.num_skipped}"
        for factor, group in groups
        if group.num_skipped
    )


def _set_size(factor: Factor) -> int:
    """Choose 64 rows for a set, or fewer where a factor's values have fewer."""
    counts = np.bincount(factor.classes[factor.classes >= 0])
    return int(np.clip(np.quantile(counts[counts > 0], 0.1), 4, BATCH))
