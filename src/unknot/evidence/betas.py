"""Betas beside each other: what was measured of the runs of each, with controls."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.evidence.contrast import agreement_of, resample_interval
from unknot.evidence.matching import RunCodes
from unknot.evidence.plan import RULE
from unknot.evidence.position import Position
from unknot.evidence.verdict import Pca
from unknot.measure.agreement import udr

FloatArray = NDArray[np.float64]


@dataclass(frozen=True)
class Agreement:
    """UDR over the seeds of one beta.

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


@dataclass(frozen=True)
class BetaEvidence:
    """The runs of one beta; every tuple has an entry for each of their seeds.

    Attributes:
        beta: of the runs.
        seeds: of the runs.
        rate: in nats per image.
        active: number of latents in use.
        selectivity: mean over the labels of the best latent's effect less the second's; None
            without labels.
        percentile: share of random rotations of the codes that are less selective; None for fewer
            than two latents in use.
        probe: mean over the labels of what all latents together tell of them.
        cosine: between what two latents change in the image.
        udr: agreement of the seeds.
    """

    beta: float
    seeds: tuple[int, ...]
    rate: tuple[float, ...]
    active: tuple[int, ...]
    selectivity: tuple[float | None, ...]
    percentile: tuple[float | None, ...]
    probe: tuple[float | None, ...]
    cosine: tuple[float | None, ...]
    udr: Agreement

    def as_dict(self) -> dict[str, Any]:
        """For a JSON document."""
        return asdict(self)


def beside_each_other(
    runs: Sequence[RunCodes],
    positions: Sequence[Position] | None,
    probes: Sequence[float] | None,
    cosines: Sequence[float] | None,
    pca: Pca | None,
    untrained: Sequence[NDArray[np.floating]] | None,
) -> list[BetaEvidence]:
    """Put what was measured of each run together by beta.

    Args:
        runs: every run's posteriors of the same images.
        positions: of each, or None without labels.
        probes: of each, or None without labels.
        cosines: of each, or None where the models cannot be opened.
        pca: as `judge` takes it, or None.
        untrained: codes of the same images by untrained networks, one for each run, or None.
    """
    found = []
    for beta in sorted({run.beta for run in runs}):
        rows = [i for i, run in enumerate(runs) if run.beta == beta]
        own = [runs[i] for i in rows]
        codes = [run.codes for run in own]
        agreement = Agreement(
            *_with_interval(codes),
            _value([pca(i, runs[i].codes.shape[1]) for i in rows]) if pca else None,
            _value([untrained[i] for i in rows]) if untrained else None,
        )
        found.append(
            BetaEvidence(
                beta,
                tuple(run.seed for run in own),
                tuple(float(run.kl.sum()) for run in own),
                tuple(len(run.active) for run in own),
                _taken([p.selectivity for p in positions] if positions else None, rows),
                _taken([p.percentile for p in positions] if positions else None, rows),
                _taken(probes, rows),
                _taken(cosines, rows),
                agreement,
            )
        )
    return found


def _taken(values: Sequence[float] | None, rows: Sequence[int]) -> tuple[float | None, ...]:
    """Some of the values; None for those that are not there or not defined."""
    if values is None:
        return (None,) * len(rows)
    return tuple(float(values[i]) if np.isfinite(values[i]) else None for i in rows)


def _value(codes: Sequence[NDArray[np.floating]]) -> float | None:
    return udr(codes, similarity=RULE.similarity).value if len(codes) > 1 else None


def _with_interval(
    codes: Sequence[FloatArray],
) -> tuple[float | None, tuple[float, float] | None]:
    if len(codes) < 2:
        return None, None
    of_group = agreement_of(udr(codes, similarity=RULE.similarity).pairs)
    rng = np.random.default_rng([*b"seeds"])
    return of_group(range(len(codes))), resample_interval(of_group, len(codes), rng)
