"""Table: codes beside factors, as every metric takes them."""

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unknot.metrics.estimators.bins import NUM_BINS, levels_of, rank_bins
from unknot.metrics.estimators.entropy import Information, information_between

Kind = Literal["discrete", "continuous"]

TRAINING_SHARE = 2 / 3
MIN_KNOWN = 20  # points at which a factor must be known
SAME = 1e-10  # values this close, in standard deviations, differ by rounding alone
CLASS_BINS = 10  # a continuous factor is cut into so many quantiles where a metric needs classes
QUICK_CLASSES = 4  # of a factor, at most, where a draw of a null needs classes
ROTATION = "rotation"  # the kind of draw that no linear predictor notices


@dataclass(frozen=True, eq=False)
class Factor:
    """One known cause.

    Attributes:
        name: what it is called.
        kind: `"discrete"` or `"continuous"`.
        values: shape `(num,)`, NaN where it is not known.
        levels: number of the value among a discrete factor's values or of the quantile bin (of
            20) of a continuous one, -1 where it is not known; int64, shape `(num,)`.
        num_levels: how many of them there are.
    """

    name: str
    kind: Kind
    values: NDArray[np.float64]
    levels: NDArray[np.int64]
    num_levels: int

    @cached_property
    def known(self) -> NDArray[np.bool_]:
        """Where it is known, shape `(num,)`."""
        return self.levels >= 0

    @cached_property
    def classes(self) -> NDArray[np.int64]:
        """`levels`, but ten quantile bins for a continuous factor."""
        return self.levels if self.kind == "discrete" else self.merged(CLASS_BINS)

    def merged(self, num: int) -> NDArray[np.int64]:
        """Join neighboring levels to at most `num` classes of about the same size."""
        if self.num_levels <= num:
            return self.levels
        classes = np.full(len(self.levels), -1, np.int64)
        classes[self.known] = rank_bins(self.levels[self.known].astype(np.float64), num)[0]
        return classes


@dataclass(frozen=True, eq=False)
class Table:
    """Codes beside factors.

    Latents that never change are left out. The others have mean 0 and standard deviation 1, and lie
    in an order and with a sign that depend on their content alone, so that no score depends on the
    order, sign or scale in which they came.

    Attributes:
        codes: float64, shape `(num, num_active)`.
        source_columns: where each latent stood among those that were given, shape `(num_active,)`.
        num_latents: how many were given.
        factors: those that have at least two values.
        factor_names: of all factors that were given.
        seed: of all random choices of the metrics.
        flags: what a reader of any score should know, in plain English.
        quick: kind of draw of a null or interval, for which less effort is made: fewer trees,
            fewer sampled points, no test within, nothing that such a draw cannot change.
        cache: intermediate results shared by several metrics.
    """

    codes: NDArray[np.float64]
    source_columns: NDArray[np.int64]
    num_latents: int
    factors: tuple[Factor, ...]
    factor_names: tuple[str, ...]
    seed: int
    flags: tuple[str, ...]
    quick: str = ""
    cache: dict[str, Any] = field(default_factory=dict, repr=False)

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def num_active(self) -> int:
        """Count the latents that vary."""
        return self.codes.shape[1]

    @cached_property
    def information(self) -> Information:
        """Mutual information of every latent with every factor."""
        return information_between(self.codes, [(f.levels, f.num_levels) for f in self.factors])

    @cached_property
    def _order(self) -> NDArray[np.int64]:
        """Where each point stands in a random order, shape `(num,)`."""
        return self.rng("split").permutation(len(self))

    def training(self, factor: Factor) -> NDArray[np.bool_]:
        """Choose two thirds of the points where a factor is known, on which predictors are fitted.

        Returns:
            Shape `(num_known,)`.
        """
        order = self._order[factor.known]
        return order < np.sort(order)[round(TRAINING_SHARE * len(order))]

    def rng(self, purpose: str) -> np.random.Generator:
        """Make a generator for one purpose, so that no metric disturbs another."""
        return np.random.default_rng([self.seed, *purpose.encode()])

    def take(self, rows: NDArray[np.int64]) -> "Table":
        """Take some points of the table, without what does not vary or is hardly known there.

        Args:
            rows: positions, shape `(num_taken,)`.
        """
        factors = (make_factor(f.name, f.kind, f.values[rows]) for f in self.factors)
        usable = tuple(f for f in factors if f.num_levels > 1 and f.known.sum() >= MIN_KNOWN)
        return replace(self, factors=usable, cache={}).with_codes(self.codes[rows])

    def shuffled(self, rng: np.random.Generator) -> "Table":
        """Put the same codes beside the factors of other points."""
        order = rng.permutation(len(self))
        factors = tuple(
            replace(f, values=f.values[order], levels=f.levels[order]) for f in self.factors
        )
        return replace(self, factors=factors, cache={})

    def with_codes(self, codes: NDArray[np.float64]) -> "Table":
        """Put other codes beside the same factors; latents that do not vary are left out.

        Args:
            codes: shape `(num, dim)`; of another `dim`, they count as new columns.
        """
        varying = np.flatnonzero(np.ptp(codes, axis=0) > 0)
        ordered, order = canonical(codes[:, varying])
        columns = varying[order]
        if codes.shape[1] == self.num_active:
            columns = self.source_columns[columns]
        return replace(self, codes=ordered, source_columns=columns, cache={})

    def per_factor(self, values: NDArray[np.float64]) -> dict[str, float]:
        """Name the values of the factors in use; NaN for factors that have one value only."""
        used = dict(zip((f.name for f in self.factors), values.tolist()))
        return {name: used.get(name, float("nan")) for name in self.factor_names}

    def per_latent(self, values: NDArray[np.float64]) -> tuple[float, ...]:
        """Put values of the active latents in the order that was given; NaN for the others."""
        whole = np.full(self.num_latents, np.nan)
        whole[self.source_columns] = values
        return tuple(whole.tolist())


def make_factor(name: str, kind: Kind, values: NDArray[np.float64]) -> Factor:
    """Number a factor's values: `values` of shape `(num,)`, NaN where it is not known."""
    levels, num_levels = levels_of(values, None if kind == "discrete" else NUM_BINS)
    return Factor(name=name, kind=kind, values=values, levels=levels, num_levels=num_levels)


def canonical(codes: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Bring codes to mean 0 and standard deviation 1, with order and sign given by their content.

    Args:
        codes: of latents that vary, shape `(num, dim)`.

    Returns:
        Such codes, the same shape, and the column that each latent came from.
    """
    if not codes.shape[1]:
        return codes, np.arange(0)
    standard = np.apply_along_axis(_join_equal, 0, (codes - codes.mean(0)) / codes.std(0))
    key = np.random.default_rng([*b"order and sign"]).standard_normal(len(codes)) @ standard
    order = np.argsort(np.abs(key), kind="stable")
    return (standard * np.where(key < 0, -1.0, 1.0))[:, order], order


def _join_equal(latent: NDArray[np.float64]) -> NDArray[np.float64]:
    """Make values of a latent that differ by rounding alone the same."""
    order = np.argsort(latent, kind="stable")
    ordered = latent[order]
    starts = np.concatenate([[True], np.diff(ordered) > SAME])
    joined = np.empty_like(latent)
    joined[order] = ordered[starts][np.cumsum(starts) - 1]
    return joined
