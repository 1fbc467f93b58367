"""What each latent does, as far as labels tell: every latent is tested beside every label."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.evidence.label_effects import (
    UsableLabels,
    effect_intervals,
    effects,
    read_labels,
)
from unknot.evidence.permutation_test import members_of, permutation_test
from unknot.metrics.estimators.linear import squared_correlations
from unknot.metrics.estimators.ranks import mid_ranks
from unknot.metrics.inputs import check_seed, numbers, vary
from unknot.metrics.table import MIN_KNOWN, Factor
from unknot.runs.field_types import read_array

FloatArray = NDArray[np.float64]
NUM_PERMUTATIONS = 1_000
ALPHA = 0.05
GO_TOGETHER = 0.3  # labels with at least this correlation are not told as two discoveries


@dataclass(frozen=True, eq=False)
class LatentLabels:
    """What each latent tells of each label.

    Attributes:
        label_names: K of them.
        binary: which labels have two values, shape `(K,)`.
        effect: see `unknot.evidence.label_effects.effects`, shape `(latent_dim, K)`.
        interval: 95% of each effect looked at alone, shape `(latent_dim, K, 2)`.
        sign: 1 where the label goes with a larger value of the latent, -1 where with a smaller one,
            the same shape as `effect`.
        r2: squared correlation with the label's values, the same shape.
        z: the test's statistic, in standard deviations of its permutations, the same shape.
        p_value: corrected for all latents and labels, the same shape.
        correlation: of the labels among themselves, shape `(K, K)`.
        active: which latents were tested, shape `(latent_dim,)`; the others have NaN.
        excluded_labels: name of each label that cannot be tested -> the reason.
        num_images: whose codes were tested.
        num_groups: groups that labels were permuted by; 0 for single images.
        num_permutations: draws of the null.
        alpha: family-wise error of the test.
    """

    label_names: tuple[str, ...]
    binary: NDArray[np.bool_]
    effect: FloatArray
    interval: FloatArray
    sign: FloatArray
    r2: FloatArray
    z: FloatArray
    p_value: FloatArray
    correlation: FloatArray
    active: NDArray[np.bool_]
    excluded_labels: dict[str, str]
    num_images: int
    num_groups: int
    num_permutations: int
    alpha: float

    @property
    def significant(self) -> NDArray[np.bool_]:
        """Pairs that pass the test, shape `(latent_dim, K)`."""
        return self.p_value <= self.alpha

    def best(self, latent: int) -> int | None:
        """Find the label that a latent tells best of those that pass; None if none does."""
        ranked = self._ranked(latent)
        return ranked[0] if ranked else None

    def correlated_labels(self, latent: int) -> list[int]:
        """List the other labels that pass and go with the best one, the strongest first.

        Labels go together from a correlation of 0.3 on.
        """
        return [k for k in self._ranked(latent)[1:] if self._goes_with_best(latent, k)]

    def other_labels(self, latent: int) -> list[int]:
        """List the labels that pass and do not go with the best one, the strongest first."""
        return [k for k in self._ranked(latent)[1:] if not self._goes_with_best(latent, k)]

    def _goes_with_best(self, latent: int, label: int) -> bool:
        best = self._ranked(latent)[0]
        return bool(abs(self.correlation[best, label]) >= GO_TOGETHER)

    def _ranked(self, latent: int) -> list[int]:
        """Labels that pass for a latent, the strongest first."""
        strength = np.where(self.binary, 2 * self.effect[latent] - 1, self.effect[latent])
        passed = np.flatnonzero(self.significant[latent])
        return [int(k) for k in passed[np.argsort(-strength[passed], kind="stable")]]

    def as_dict(self) -> dict[str, Any]:
        """The fields for a JSON document, with each latent's labels by name.

        Every table has a row per latent and a column per label.
        """
        return {
            "label_names": list(self.label_names),
            "binary": self.binary.tolist(),
            "effect": _as_list(self.effect),
            "interval": _as_list(self.interval),
            "sign": _as_list(self.sign),
            "r2": _as_list(self.r2),
            "z": _as_list(self.z),
            "p_value": _as_list(self.p_value),
            "correlation": _as_list(self.correlation),
            "active": self.active.tolist(),
            "latents": [self._latent_as_dict(latent) for latent in range(len(self.active))],
            "excluded_labels": self.excluded_labels,
            "num_images": self.num_images,
            "num_groups": self.num_groups,
            "num_permutations": self.num_permutations,
            "alpha": self.alpha,
        }

    def _latent_as_dict(self, latent: int) -> dict[str, Any]:
        best = self.best(latent)
        return {
            "latent": latent,
            "active": bool(self.active[latent]),
            "label": None if best is None else self.label_names[best],
            "correlated_labels": [self.label_names[k] for k in self.correlated_labels(latent)],
            "other_labels": [self.label_names[k] for k in self.other_labels(latent)],
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "LatentLabels":
        """Read back what `as_dict` gave.

        Raises:
            UnfitError: if an array has another shape than the others say.
        """
        names = tuple(document["label_names"])
        num, columns = len(document["active"]), len(names)
        tables = {
            name: read_array(document, name, (num, columns))
            for name in ("effect", "sign", "r2", "z", "p_value")
        }
        return cls(
            label_names=names,
            binary=read_array(document, "binary", (columns,), np.bool_),
            interval=read_array(document, "interval", (num, columns, 2)),
            correlation=read_array(document, "correlation", (columns, columns)),
            active=read_array(document, "active", (num,), np.bool_),
            **tables,
            excluded_labels=document["excluded_labels"],
            num_images=document["num_images"],
            num_groups=document["num_groups"],
            num_permutations=document["num_permutations"],
            alpha=document["alpha"],
        )


def label_latents(
    codes: Any,
    labels: Any,
    label_names: Sequence[str],
    *,
    groups: Any = None,
    group_labels: Collection[str] = (),
    active_above: float = 0.0,
    permutations: int = NUM_PERMUTATIONS,
    alpha: float = ALPHA,
    seed: int = 0,
) -> LatentLabels:
    """Test every latent beside every label, so that chance names a latent in 5% of models at most.

    The statistic is the rank sum of a label of two values, and the mutual information of another,
    tested as `unknot.evidence.permutation_test.permutation_test` says. Labels of an image move
    together. Where groups are known, they move from group to group and within their group: images
    of one person are not independent of each other. Only labels that are the groups themselves, and
    so have no other group to go to, move from image to image.

    Args:
        codes: posterior means of held-out images, shape `(num, latent_dim)`.
        labels: NaN where not known, shape `(num, K)`.
        label_names: one per column.
        groups: group of each image, -1 where it has none, shape `(num,)`.
        group_labels: names of labels that say no more than which group an image belongs to.
        active_above: latents whose variance is not above this are not tested.
        permutations: draws of the null; the least p-value is `1 / (1 + permutations)`.
        alpha: family-wise error.
        seed: of the permutations.

    Raises:
        UserError: if an argument does not fit, or nothing can be tested: no labels, too few images.
    """
    values, known = _checked(codes, labels, label_names, permutations, alpha)
    check_seed(seed)
    usable = read_labels(known, label_names)
    if not usable.factors:
        raise UserError(_no_labels(usable))
    members = members_of(groups, len(values))
    by_label = [None if name in group_labels else members for name in usable.names]
    active = (values.var(0) > active_above) & vary(values)
    latents = values[:, active]
    rng = np.random.default_rng([seed, *b"labels"])
    tested = permutation_test(mid_ranks(latents), usable.factors, by_label, permutations, rng)
    effect = effects(latents, usable.factors)
    interval = effect_intervals(latents, usable.factors, by_label, effect)
    r2, direction = _linear_relation(latents, usable.factors)
    return LatentLabels(
        label_names=usable.names,
        binary=usable.binary,
        effect=_with_nan_rows(effect, active),
        interval=_with_nan_rows(interval, active),
        sign=_with_nan_rows(np.where(usable.binary, np.sign(tested.z), direction), active),
        r2=_with_nan_rows(r2, active),
        z=_with_nan_rows(np.where(usable.binary, np.abs(tested.z), tested.z), active),
        p_value=_with_nan_rows(tested.p_value, active),
        correlation=_correlations(usable.factors),
        active=active,
        excluded_labels=usable.excluded_labels,
        num_images=len(values),
        num_groups=max(0 if groups is None else int(groups.max()) + 1 for groups in by_label),
        num_permutations=permutations,
        alpha=alpha,
    )


def _checked(
    codes: Any, labels: Any, label_names: Sequence[str], permutations: int, alpha: float
) -> tuple[FloatArray, FloatArray]:
    """Codes and labels as numbers, if a test can be made of them."""
    values = numbers("codes", codes)
    known = numbers("labels", labels, missing=True)
    if values.ndim != 2 or known.ndim != 2 or len(values) != len(known):
        raise UserError(
            f"codes has shape {values.shape} and labels {known.shape}; give (num, latent_dim) and "
            "(num, num_labels)"
        )
    if len(label_names) != known.shape[1] or len(set(label_names)) < len(label_names):
        raise UserError(
            f"{len(label_names)} names were given for {known.shape[1]} labels, "
            f"{len(set(label_names))} of them different; each label needs one of its own"
        )
    if not 0 < alpha < 1:
        raise UserError(f"alpha is {alpha}; it must lie between 0 and 1")
    if permutations < 1 / alpha:
        raise UserError(
            f"permutations is {permutations}; a test at alpha {alpha:g} needs {int(1 / alpha)}"
        )
    if len(values) < MIN_KNOWN:
        raise UserError(
            f"{len(values)} images are too few to test labels on; give {MIN_KNOWN} or more"
        )
    return values, known


def _no_labels(labels: UsableLabels) -> str:
    excluded = labels.excluded_labels
    if not excluded:
        return "the images have no labels"
    shown = [f"{name} {reason}" for name, reason in list(excluded.items())[:3]]
    more = len(excluded) - len(shown)
    return "no label can be tested: " + "; ".join(shown) + (f"; and {more} more" if more else "")


def _linear_relation(codes: FloatArray, factors: Sequence[Factor]) -> tuple[FloatArray, FloatArray]:
    """Squared correlations with the labels' values and their signs, `(num_active, K)` each."""
    r2 = np.zeros((codes.shape[1], len(factors)))
    sign = np.zeros(r2.shape)
    for k, factor in enumerate(factors):
        latents, values = codes[factor.known], factor.values[factor.known]
        r2[:, k] = squared_correlations(latents, values)
        sign[:, k] = np.sign((values - values.mean()) @ latents)
    return r2, sign


def _correlations(factors: Sequence[Factor]) -> FloatArray:
    """Pearson's correlation of every two labels where both are known; 0 where it has none."""
    correlations = np.eye(len(factors))
    for i, first in enumerate(factors):
        for j, second in enumerate(factors[:i]):
            both = first.known & second.known
            a, b = first.values[both], second.values[both]
            if len(a) > 1 and a.std() > 0 and b.std() > 0:
                correlations[i, j] = correlations[j, i] = np.corrcoef(a, b)[0, 1]
    return correlations


def _with_nan_rows(table: FloatArray, active: NDArray[np.bool_]) -> FloatArray:
    """Rows of active latents among those of all; NaN for the others."""
    whole = np.full((len(active), *table.shape[1:]), np.nan)
    whole[active] = table
    return whole


def _as_list(table: FloatArray) -> Any:
    """A table as lists of numbers with six decimals, None for NaN."""
    return np.where(np.isnan(table), np.array(None), table.round(6)).tolist()
