"""Table -> scores of the two measures that draw sets of points which share a factor's value."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from unknot.measure import intervention
from unknot.measure.measured import NAN, ONE_FACTOR, Measured
from unknot.measure.table import Factor, Table

FULL_SETS = (10_000, 5_000)  # sets to train and to test Higgins' classifier and the vote
DRAFT_SETS = (2_000, 1_000)

_Groups = list[tuple[Factor, intervention.Groups]]
_Draws = Callable[
    [Table, _Groups, NDArray[np.int64], int, np.random.Generator], NDArray[np.float64]
]


def higgins(table: Table) -> dict[str, Measured]:
    """A linear classifier names the factor that 64 pairs share (Higgins et al. 2017, section 3)."""
    groups = [(f, intervention.group_rows(f.classes, 2)) for f in table.factors]
    return {"higgins": _sampled(table, groups, "higgins", _higgins_rows)}


def factor_vae(table: Table) -> dict[str, Measured]:
    """The least varying code votes for the factor that was fixed (Kim and Mnih 2018, section 4)."""
    groups = [(f, intervention.group_rows(f.classes, _set_size(f))) for f in table.factors]
    return {"factor_vae": _sampled(table, groups, "factor_vae", _factor_vae_rows)}


def _sampled(table: Table, groups: _Groups, name: str, rows: _Draws) -> Measured:
    """Draw a factor for each training and test point, and see how often it is named rightly."""
    used = [(factor, group) for factor, group in groups if len(group.sizes)]
    flags = [
        f"values of {factor.name} with too few points: {group.num_skipped}"
        for factor, group in groups
        if group.num_skipped
    ]
    flags += [
        f"sets of {_set_size(factor)} points, not 64, for {factor.name}"
        for factor, _ in used
        if name == "factor_vae" and _set_size(factor) < intervention.BATCH
    ]
    if len(used) < 2:
        return Measured(NAN, chance=None, flags=(*flags, ONE_FACTOR))
    chance = 1 / len(used)
    num_training, num_test = DRAFT_SETS if table.draft else FULL_SETS
    if not table.num_active:
        return Measured(chance if name == "higgins" else 0.0, chance=chance, flags=tuple(flags))
    rng = table.rng(name)
    parts = (np.arange(num) % len(used) for num in (num_training, num_test))
    labels = np.concatenate([rng.permutation(part) for part in parts])
    right = rows(table, used, labels, num_training, rng)
    tested = labels[num_training:]
    named = {factor.name: float(right[tested == k].mean()) for k, (factor, _) in enumerate(used)}
    per_factor = {name: named.get(name, NAN) for name in table.factor_names}
    return Measured(float(right.mean()), per_factor, chance=chance, flags=tuple(flags))


def _higgins_rows(
    table: Table,
    groups: _Groups,
    labels: NDArray[np.int64],
    num_training: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    inputs = np.empty((len(labels), table.num_active))
    for k, (_, group) in enumerate(groups):
        here = np.flatnonzero(labels == k)
        inputs[here] = intervention.higgins_differences(table.codes, group, len(here), rng)
    return intervention.classify(inputs, labels, num_training)


def _factor_vae_rows(
    table: Table,
    groups: _Groups,
    labels: NDArray[np.int64],
    num_training: int,
    rng: np.random.Generator,
) -> NDArray[np.float64]:
    votes = np.empty(len(labels), np.int64)
    for k, (factor, group) in enumerate(groups):
        here = np.flatnonzero(labels == k)
        size = _set_size(factor)
        votes[here] = intervention.least_varying(table.codes, group, len(here), size, rng)
    return intervention.majority_vote(votes, labels, table.num_active, num_training)


def _set_size(factor: Factor) -> int:
    """64 rows, or fewer where a factor's values have fewer."""
    counts = np.bincount(factor.classes[factor.classes >= 0])
    return int(np.clip(np.quantile(counts[counts > 0], 0.1), 4, intervention.BATCH))
