"""What each latent does, as far as labels tell: every latent is tested beside every label."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.errors import UserError
from unknot.evidence.permutation import Members, members_of, permuted_rows
from unknot.evidence.statistics import Statistics
from unknot.measure.association import Labels, effects, mid_ranks, read_labels
from unknot.measure.checks import check_seed, numbers, vary
from unknot.measure.influence import area_influence, information_influence, standard_errors
from unknot.measure.nulls import NORMAL_95
from unknot.measure.prediction import squared_correlations
from unknot.measure.table import MIN_KNOWN, Factor

FloatArray = NDArray[np.float64]
NUM_PERMUTATIONS = 1_000
LEVEL = 0.05
GO_TOGETHER = 0.3  # labels with at least this correlation are not told as two discoveries


@dataclass(frozen=True, eq=False)
class LatentLabels:
    """What each latent tells of each label.

    Attributes:
        names: of the labels, K of them.
        binary: which have two values, shape `(K,)`.
        effect: see `unknot.measure.association.effects`, shape `(latent_dim, K)`.
        interval: 95% of each effect looked at alone, shape `(latent_dim, K, 2)`.
        sign: 1 where the label goes with large codes, -1 where with small ones, the same shape as
            `effect`.
        r2: squared correlation with the label's values, the same shape.
        z: the test's statistic, in standard deviations of its permutations, the same shape.
        p_value: corrected for all latents and labels, the same shape.
        correlation: of the labels among themselves, shape `(K, K)`.
        active: which latents were looked at, shape `(latent_dim,)`; the others have NaN.
        left_out: names of labels that cannot be told, and why.
        num: images.
        num_groups: groups that labels were permuted by; 0 for single images.
        num_permutations: draws of the null.
        level: of the test.
    """

    names: tuple[str, ...]
    binary: NDArray[np.bool_]
    effect: FloatArray
    interval: FloatArray
    sign: FloatArray
    r2: FloatArray
    z: FloatArray
    p_value: FloatArray
    correlation: FloatArray
    active: NDArray[np.bool_]
    left_out: dict[str, str]
    num: int
    num_groups: int
    num_permutations: int
    level: float

    @property
    def significant(self) -> NDArray[np.bool_]:
        """Pairs that pass the test, shape `(latent_dim, K)`."""
        return self.p_value <= self.level

    def best(self, latent: int) -> int | None:
        """The label that a latent tells best of those that pass; None if none does."""
        passed = np.flatnonzero(self.significant[latent])
        return int(passed[self._strength[latent, passed].argmax()]) if len(passed) else None

    def others(self, latent: int) -> tuple[list[int], list[int]]:
        """The other labels that pass, the strongest first: those that go with the best, the rest.

        Labels go together from a correlation of 0.3 on.
        """
        best = self.best(latent)
        if best is None:
            return [], []
        passed = np.flatnonzero(self.significant[latent])
        ordered = passed[np.argsort(-self._strength[latent, passed], kind="stable")]
        alike = np.abs(self.correlation[best]) >= GO_TOGETHER
        rest = [int(k) for k in ordered if k != best]
        return [k for k in rest if alike[k]], [k for k in rest if not alike[k]]

    @property
    def _strength(self) -> FloatArray:
        """Effects of both kinds on one scale, from 0 to 1."""
        return np.where(self.binary, 2 * self.effect - 1, self.effect)

    def as_dict(self) -> dict[str, Any]:
        """For a JSON document; every table has a row per latent and a column per label."""
        tables = ("effect", "interval", "sign", "r2", "z", "p_value", "correlation")
        latents = []
        for latent, active in enumerate(self.active):
            best = self.best(latent)
            alike, rest = self.others(latent)
            latents.append(
                {
                    "latent": latent,
                    "active": bool(active),
                    "label": None if best is None else self.names[best],
                    "goes_with_it": [self.names[k] for k in alike],
                    "tells_also": [self.names[k] for k in rest],
                }
            )
        return {
            "names": list(self.names),
            "binary": self.binary.tolist(),
            **{name: _listed(getattr(self, name)) for name in tables},
            "latents": latents,
            "left_out": self.left_out,
            "num": self.num,
            "num_groups": self.num_groups,
            "num_permutations": self.num_permutations,
            "level": self.level,
        }


def label_latents(
    codes: Any,
    labels: Any,
    names: Sequence[str],
    *,
    groups: Any = None,
    group_labels: Collection[str] = (),
    active_above: float = 0.0,
    permutations: int = NUM_PERMUTATIONS,
    level: float = LEVEL,
    seed: int = 0,
) -> LatentLabels:
    """Test every latent beside every label, so that chance names a latent in 5% of models at most.

    The statistic is the rank sum of a label of two values, and the mutual information of another,
    less its mean and in units of its standard deviation over permutations of the labels; unless it
    is put on that scale, rare labels set the threshold. A pair's p-value is the share of
    permutations in which the largest statistic of all pairs reaches its own (Westfall and Young
    1993). Labels of an image move together. Where groups are known, they move from group to group
    and within their group: images of one person are not independent of each other. Only labels that
    are the groups themselves, and so have no other group to go to, move from image to image.

    Args:
        codes: posterior means of held-out images, shape `(num, latent_dim)`.
        labels: NaN where not known, shape `(num, K)`.
        names: of the labels.
        groups: group of each image, -1 where it has none, shape `(num,)`.
        group_labels: names of labels that say no more than which group an image belongs to.
        active_above: latents whose variance is not above this are not looked at.
        permutations: draws of the null; the least p-value is `1 / (1 + permutations)`.
        level: family-wise error.
        seed: of the permutations.

    Raises:
        UserError: if an argument does not fit, or nothing can be tested: no labels, too few images.
    """
    values, known = _checked(codes, labels, names, permutations, level)
    check_seed(seed)
    kept = read_labels(known, names)
    if not kept.factors:
        raise UserError(_no_labels(kept))
    members = members_of(groups, len(values))
    grouped = [None if name in group_labels else members for name in kept.names]
    active = (values.var(0) > active_above) & vary(values)
    rng = np.random.default_rng([seed, *b"labels"])
    found = _test(values[:, active], kept.factors, grouped, permutations, rng)
    num_labels = len(kept.factors)
    whole = {
        name: _spread(table, active, (len(active), num_labels)) for name, table in found.items()
    }
    intervals = np.full((len(active), num_labels, 2), np.nan)
    intervals[active] = _intervals(values[:, active], kept.factors, grouped, found["effect"])
    return LatentLabels(
        names=kept.names,
        binary=kept.binary,
        interval=intervals,
        correlation=_correlations(kept.factors),
        active=active,
        left_out=kept.left_out,
        num=len(values),
        num_groups=max((0 if one is None else int(one.max()) + 1 for one in grouped), default=0),
        num_permutations=permutations,
        level=level,
        **whole,
    )


def _checked(
    codes: Any, labels: Any, names: Sequence[str], permutations: int, level: float
) -> tuple[FloatArray, FloatArray]:
    """Codes and labels as numbers, if a test can be made of them."""
    values = numbers("codes", codes)
    known = numbers("labels", labels, missing=True)
    if values.ndim != 2 or known.ndim != 2 or len(values) != len(known):
        raise UserError(
            f"codes has shape {values.shape} and labels {known.shape}; give (num, latent_dim) and "
            "(num, num_labels)"
        )
    if len(names) != known.shape[1] or len(set(names)) < len(names):
        raise UserError(
            f"{len(names)} names were given for {known.shape[1]} labels, {len(set(names))} of them "
            "different; each label needs one of its own"
        )
    if not 0 < level < 1:
        raise UserError(f"level is {level}; it must lie between 0 and 1")
    if permutations < 1 / level:
        raise UserError(
            f"permutations is {permutations}; a test at level {level:g} needs {int(1 / level)}"
        )
    if len(values) < MIN_KNOWN:
        raise UserError(
            f"{len(values)} images are too few to test labels on; give {MIN_KNOWN} or more"
        )
    return values, known


def _no_labels(kept: Labels) -> str:
    if not kept.left_out:
        return "the images have no labels"
    shown = [f"{name} {why}" for name, why in list(kept.left_out.items())[:3]]
    more = len(kept.left_out) - len(shown)
    return "no label can be told: " + "; ".join(shown) + (f"; and {more} more" if more else "")


def _test(
    codes: FloatArray,
    factors: Sequence[Factor],
    grouped: Sequence[Members],
    permutations: int,
    rng: np.random.Generator,
) -> dict[str, FloatArray]:
    """Effects with their signs, statistics and p-values, each of shape `(num_active, K)`."""
    ranks = mid_ranks(codes)
    binary = np.array([factor.num_levels == 2 for factor in factors])
    observed = Statistics(ranks, factors)(np.arange(len(codes)))
    drawn = np.empty((permutations, *observed.shape))
    for by_group in {members is not None: members for members in grouped}.values():
        own = [k for k, members in enumerate(grouped) if members is by_group]
        statistics = Statistics(ranks, [factors[k] for k in own])
        for i in range(permutations):
            drawn[i][:, own] = statistics(permuted_rows(by_group, len(codes), rng))
    mean, deviation = drawn.mean(0), drawn.std(0)
    scale = np.where(deviation > 0, deviation, np.inf)
    z, null = (observed - mean) / scale, (drawn - mean) / scale
    sign = np.where(binary, np.sign(z), 1.0)
    reached, null = np.where(binary, np.abs(z), z), np.where(binary, np.abs(null), null)
    largest = np.sort(null.max((1, 2), initial=0))
    at_least = permutations - np.searchsorted(largest, reached - 1e-9)
    r2 = np.zeros(z.shape)
    for k, factor in enumerate(factors):
        r2[:, k] = squared_correlations(codes[factor.known], factor.values[factor.known])
        if not binary[k]:
            values = factor.values[factor.known]
            sign[:, k] = np.sign((values - values.mean()) @ codes[factor.known])
    p_value = (1 + at_least) / (1 + permutations)
    effect = effects(codes, factors)
    return {"effect": effect, "sign": sign, "r2": r2, "z": reached, "p_value": p_value}


def _intervals(
    codes: FloatArray,
    factors: Sequence[Factor],
    grouped: Sequence[Members],
    effect: FloatArray,
) -> FloatArray:
    """95% intervals of the effects, from each image's influence, shape `(num_active, K, 2)`."""
    found = np.empty((*effect.shape, 2))
    for k, (factor, members) in enumerate(zip(factors, grouped)):
        known = factor.known
        ranks = mid_ranks(codes[known])
        low = 0.5 if factor.num_levels == 2 else 0.0
        of = area_influence if factor.num_levels == 2 else information_influence
        influence = of(ranks, factor.classes[known])
        reach = NORMAL_95 * standard_errors(influence, None if members is None else members[known])
        found[:, k, 0] = np.maximum(effect[:, k] - reach, low)
        found[:, k, 1] = np.minimum(effect[:, k] + reach, 1.0)
    return found


def _correlations(factors: Sequence[Factor]) -> FloatArray:
    """Pearson's correlation of every two labels where both are known; 0 where it has none."""
    found = np.eye(len(factors))
    for i, first in enumerate(factors):
        for j, second in enumerate(factors[:i]):
            both = first.known & second.known
            a, b = first.values[both], second.values[both]
            if len(a) > 1 and a.std() > 0 and b.std() > 0:
                found[i, j] = found[j, i] = np.corrcoef(a, b)[0, 1]
    return found


def _spread(table: FloatArray, active: NDArray[np.bool_], shape: tuple[int, int]) -> FloatArray:
    """Rows of active latents among those of all."""
    whole = np.full(shape, np.nan)
    whole[active] = table
    return whole


def _listed(table: FloatArray) -> Any:
    """A table as lists of numbers with six decimals, None for NaN."""
    listed = table.round(6).astype(object)
    listed[np.isnan(table)] = None
    return listed.tolist()
