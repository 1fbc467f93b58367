"""Betas beside each other: what the runs of each gave, with controls."""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from unknot.common.parallel import map_on_cores
from unknot.evidence.label_effects import UsableLabels
from unknot.evidence.preregistration import RULE
from unknot.evidence.rate_matching import RunPosteriors
from unknot.evidence.rotation_null import AxisScore
from unknot.metrics.agreement import udr
from unknot.metrics.estimators.linear import class_probabilities, explained_variance, mean_auroc
from unknot.metrics.table import TRAINING_SHARE, Factor

FloatArray = NDArray[np.float64]
Pca = Callable[[int, int], FloatArray]
"""Number of a refit and number of dimensions -> PCA's codes of the test images."""
Statistic = Callable[[Sequence[int]], float]
"""Rows of the runs of one group -> its value."""

NUM_RESAMPLES = 400
LEAST_RUNS = 3  # of a group, for an interval
NAN = float("nan")


@dataclass(frozen=True)
class SeedAgreement:
    """UDR over the seeds of one beta: whether models of different seeds find the same latents.

    Attributes:
        value: mean over the models of the median over their pairs; None for fewer than two models.
        interval: 95%, from resamples of the seeds.
        pca: of PCA refitted to resamples of the images, with as many dimensions each.
        untrained: of networks of these seeds before the first step.
    """

    value: float | None
    interval: tuple[float, float] | None
    pca: float | None
    untrained: float | None

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "SeedAgreement":
        """Read back what `dataclasses.asdict` gave."""
        interval = document["interval"]
        return cls(
            value=document["value"],
            interval=(interval[0], interval[1]) if interval else None,
            pca=document["pca"],
            untrained=document["untrained"],
        )


@dataclass(frozen=True)
class BetaEvidence:
    """The runs of one beta; every tuple has an entry for each of their seeds.

    Attributes:
        beta: of the runs.
        seeds: of the runs.
        rate: in nats per image.
        active: number of active latents.
        selectivity: mean over the labels of the best latent's effect less the second's; None
            without labels.
        rotation_percentile: share of random rotations of the codes that are less selective, in
            percent; None for fewer than two active latents.
        linear_probe: mean over the labels of what all latents together tell of them.
        jacobian_cosine: between what two latents change in the image.
        udr: agreement of the seeds.
    """

    beta: float
    seeds: tuple[int, ...]
    rate: tuple[float, ...]
    active: tuple[int, ...]
    selectivity: tuple[float | None, ...]
    rotation_percentile: tuple[float | None, ...]
    linear_probe: tuple[float | None, ...]
    jacobian_cosine: tuple[float | None, ...]
    udr: SeedAgreement

    def as_dict(self) -> dict[str, Any]:
        """The fields, for a JSON document."""
        return asdict(self)

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "BetaEvidence":
        """Read back what `as_dict` gave."""
        return cls(
            beta=document["beta"],
            seeds=tuple(document["seeds"]),
            rate=tuple(document["rate"]),
            active=tuple(document["active"]),
            selectivity=tuple(document["selectivity"]),
            rotation_percentile=tuple(document["rotation_percentile"]),
            linear_probe=tuple(document["linear_probe"]),
            jacobian_cosine=tuple(document["jacobian_cosine"]),
            udr=SeedAgreement.from_dict(document["udr"]),
        )


def table_by_beta(
    runs: Sequence[RunPosteriors],
    *,
    axis_scores: Sequence[AxisScore] | None,
    linear_probes: Sequence[float] | None,
    jacobian_cosines: Sequence[float] | None,
    pca: Pca | None,
    untrained: Sequence[NDArray[np.floating]] | None,
) -> list[BetaEvidence]:
    """Put together by beta what each run gave.

    Args:
        runs: every run's posteriors of the same images.
        axis_scores: of each run as it was trained, or None without labels.
        linear_probes: of each run, or None without labels.
        jacobian_cosines: of each run, or None where the models cannot be opened.
        pca: refits of PCA: `pca(i, num)` gives the first `num` of run i's, or is None.
        untrained: codes of the same images by untrained networks, one for each run, or None.
    """
    selectivity = [score.selectivity for score in axis_scores] if axis_scores else None
    percentiles = [score.percentile for score in axis_scores] if axis_scores else None
    table = []
    for beta in sorted({run.beta for run in runs}):
        rows = [i for i, run in enumerate(runs) if run.beta == beta]
        table.append(
            BetaEvidence(
                beta=beta,
                seeds=tuple(runs[i].seed for i in rows),
                rate=tuple(float(runs[i].kl.sum()) for i in rows),
                active=tuple(len(runs[i].active) for i in rows),
                selectivity=_values_at(rows, selectivity),
                rotation_percentile=_values_at(rows, percentiles),
                linear_probe=_values_at(rows, linear_probes),
                jacobian_cosine=_values_at(rows, jacobian_cosines),
                udr=_seed_agreement(runs, rows, pca, untrained),
            )
        )
    return table


def _values_at(rows: Sequence[int], values: Sequence[float] | None) -> tuple[float | None, ...]:
    """Some of the values; None for those that are not there or not defined."""
    if values is None:
        return (None,) * len(rows)
    return tuple(float(values[i]) if np.isfinite(values[i]) else None for i in rows)


def _seed_agreement(
    runs: Sequence[RunPosteriors],
    rows: Sequence[int],
    pca: Pca | None,
    untrained: Sequence[NDArray[np.floating]] | None,
) -> SeedAgreement:
    codes = [runs[i].codes for i in rows]
    if len(codes) < 2:
        return SeedAgreement(value=None, interval=None, pca=None, untrained=None)
    group_statistic = agreement_of(udr(codes, similarity=RULE.similarity).pairs)
    rng = np.random.default_rng([*b"seeds"])
    return SeedAgreement(
        value=group_statistic(range(len(codes))),
        interval=resample_interval(group_statistic, len(codes), rng),
        pca=_udr([pca(i, c.shape[1]) for i, c in zip(rows, codes)]) if pca else None,
        untrained=_udr([untrained[i] for i in rows]) if untrained else None,
    )


def _udr(codes: Sequence[NDArray[np.floating]]) -> float:
    return udr(codes, similarity=RULE.similarity).value


def agreement_of(pairs: FloatArray) -> Statistic:
    """Compute UDR of a group: the mean over its models of the median over its others.

    Args:
        pairs: score of each two models, symmetric, shape `(num, num)`. A model that is drawn twice
            is not compared with itself.
    """

    def value(group: Sequence[int]) -> float:
        rows = np.asarray(group)
        if len(np.unique(rows)) < 2:
            return NAN
        similarity = pairs[np.ix_(rows, rows)].copy()
        similarity[rows[:, None] == rows[None]] = np.nan
        ordered = np.sort(similarity, axis=1)  # NaN last
        num = np.isfinite(similarity).sum(1)
        each = np.arange(len(rows))
        medians = (ordered[each, (num - 1) // 2] + ordered[each, num // 2]) / 2
        return float(medians.mean())

    return value


def resample_interval(
    group_statistic: Statistic, num: int, rng: np.random.Generator
) -> tuple[float, float] | None:
    """Compute the 95% interval of a group's value from resamples of its runs.

    Args:
        group_statistic: value of a group of runs; NaN where it has none.
        num: runs.
        rng: draws the resamples.

    Returns:
        Its ends; None for fewer than three runs.
    """
    if num < LEAST_RUNS:
        return None
    values = np.array(
        [group_statistic(rng.integers(0, num, num).tolist()) for _ in range(NUM_RESAMPLES)]
    )
    values = values[np.isfinite(values)]
    low, high = np.quantile(values, (0.025, 0.975))
    return float(low), float(high)


def linear_probes(
    runs: Sequence[RunPosteriors], labels: UsableLabels, *, workers: int = 1
) -> list[float]:
    """Measure how well a linear model of each run's latents tells labels, averaged over them.

    Args:
        runs: posteriors of the same images.
        labels: of these images, one or more.
        workers: processes.
    """

    def probe(run: RunPosteriors) -> float:
        rng = np.random.default_rng([*b"probe"])  # the same points for every run
        return float(linear_probe(run.codes, labels.factors, rng).mean())

    with threadpool_limits(1):
        return list(map_on_cores(probe, runs, workers=workers, processes=True))


def linear_probe(
    codes: NDArray[np.floating], factors: Sequence[Factor], rng: np.random.Generator
) -> FloatArray:
    """Measure how well a linear model of all latents tells each label, at points held out of it.

    Args:
        codes: shape `(num, num_latents)`.
        factors: the labels.
        rng: chooses the third of the points that is held out.

    Returns:
        Shape `(num_labels,)`: for a label of two values the area under the curve, for another the
        share of the variance of its values that is explained.
    """
    varying = codes[:, codes.std(0) > 0].astype(np.float64)
    if not varying.shape[1]:
        return np.array([0.5 if factor.num_levels == 2 else 0.0 for factor in factors])
    standard = (varying - varying.mean(0)) / varying.std(0)
    training = np.arange(len(codes)) < round(TRAINING_SHARE * len(codes))
    training = training[rng.permutation(len(codes))]
    accuracy = np.empty(len(factors))
    for k, factor in enumerate(factors):
        latents, fitted = standard[factor.known], training[factor.known]
        if factor.num_levels == 2:
            levels = factor.levels[factor.known]
            probabilities = class_probabilities(latents, levels, 2, fitted)
            accuracy[k] = mean_auroc(probabilities, levels[~fitted])
        else:
            accuracy[k] = explained_variance(latents, factor.values[factor.known], fitted)
    return accuracy
