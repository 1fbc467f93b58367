"""Which latent of another run does what a latent does: paired by codes of the same test images."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from urllib.parse import quote

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linear_sum_assignment

from unknot.config.run import setting_text
from unknot.evidence.rate_matching import RunPosteriors
from unknot.evidence.rotation_null import spaced_rows
from unknot.metrics.estimators.ranks import mid_ranks

FloatArray = NDArray[np.float64]
PAIRED = 0.5
"""Rank correlation from which on two latents are called a pair."""
MAX_IMAGES = 5_000  # whose codes are compared, evenly spaced: a standard error of .014 at most


def card_address(run: str, latent: int) -> str:
    """Give the fragment of the page's address that leads to a latent's card.

    Args:
        run: the run's name.
        latent: its number.
    """
    return f"latent={quote(run, safe='')}/{latent}"


class CodedImages(Protocol):
    """What a run makes of some images."""

    @property
    def mean(self) -> NDArray[np.floating]:
        """Posterior means, shape `(num, latent_dim)`."""

    @property
    def active(self) -> NDArray[np.int64]:
        """Numbers of the active latents, ascending."""


class LatentPair(NamedTuple):
    """A latent and the one of another run that goes with it.

    Attributes:
        latent: of the first run.
        partner: of the second one.
        correlation: of the ranks of their codes of the same images (Spearman), -1 to 1.
    """

    latent: int
    partner: int
    correlation: float


def pair_latents(
    first: CodedImages, second: CodedImages, *, least: float = PAIRED
) -> list[LatentPair]:
    """Pair the active latents of two runs one to one (Kuhn 1955), the strongest pair first.

    The pairs are those whose absolute rank correlations add up to the most.

    Args:
        first: codes of some images.
        second: codes of the same images by the other run.
        least: absolute rank correlation below which two latents are no pair.
    """
    table = _standard_ranks(first).T @ _standard_ranks(second)
    rows, columns = linear_sum_assignment(-np.abs(table))
    pairs = [
        LatentPair(
            latent=int(first.active[row]),
            partner=int(second.active[column]),
            correlation=float(table[row, column]),
        )
        for row, column in zip(rows, columns)
        if abs(table[row, column]) >= least
    ]
    return sorted(pairs, key=lambda pair: -abs(pair.correlation))


@dataclass(frozen=True)
class Partner:
    """The latent of another run whose codes are most like those of a latent.

    Attributes:
        run: name of the other run.
        beta: of that run.
        seed: of that run.
        objective: of that run.
        latent: its number there; None where no latent of that run is active.
        correlation: of the ranks of their codes (Spearman), from -1 to 1; 0 where there is none.
    """

    run: str
    beta: float
    seed: int
    objective: str
    latent: int | None
    correlation: float

    @property
    def is_paired(self) -> bool:
        """Whether the two are alike enough to be called a pair."""
        return abs(self.correlation) >= PAIRED

    @property
    def title(self) -> str:
        """The other run's beta, or its objective and strength, and its seed."""
        return f"{setting_text(self.objective, self.beta)}, seed {self.seed}"

    @property
    def address(self) -> str:
        """The fragment of the page's address that leads to the card of that latent."""
        return card_address(self.run, self.latent or 0)


@dataclass(frozen=True)
class Partners:
    """What a latent is paired with.

    Attributes:
        seeds: its partner in each other run of the same beta.
        betas: its partner in the runs of the next lower beta and of the next higher one, where
            there are any.
    """

    seeds: Sequence[Partner]
    betas: Sequence[Partner]


def latent_partners(runs: Mapping[str, RunPosteriors]) -> dict[tuple[str, int], Partners]:
    """Find the partners of every active latent.

    Args:
        runs: name of each run -> its posteriors of the same test images.

    Returns:
        Name of a run and number of a latent -> its partners.
    """
    ranks = {name: _standard_ranks(run) for name, run in runs.items()}
    active = {name: run.active.tolist() for name, run in runs.items()}
    partners = {}
    for name, run in runs.items():
        others = [o for o in runs if o != name and runs[o].objective == run.objective]
        tables = {other: ranks[name].T @ ranks[other] for other in others}
        for row, latent in enumerate(active[name]):
            of_others = [
                _partner(other, runs[other], active[other], tables[other][row]) for other in others
            ]
            partners[name, latent] = _choose(run.beta, of_others)
    return partners


def _standard_ranks(run: CodedImages) -> FloatArray:
    """Ranks of the codes of active latents with mean 0 and norm 1, `(num, num_active)`."""
    rows = spaced_rows(len(run.mean), MAX_IMAGES)
    if not len(run.active):
        return np.empty((len(rows), 0))
    ranks = mid_ranks(run.mean[rows][:, run.active])
    centered = ranks - ranks.mean(0)
    return np.asarray(centered / np.linalg.norm(centered, axis=0))


def _partner(
    name: str, run: RunPosteriors, active: Sequence[int], correlations: FloatArray
) -> Partner:
    """Find the latent of another run that a latent correlates most with."""
    best = int(np.abs(correlations).argmax()) if correlations.size else None
    return Partner(
        run=name,
        beta=run.beta,
        seed=run.seed,
        objective=run.objective,
        latent=None if best is None else active[best],
        correlation=0.0 if best is None else float(correlations[best]),
    )


def _choose(beta: float, partners: Sequence[Partner]) -> Partners:
    """Keep the partners in other seeds, and the best one in each neighboring beta."""
    betas = {partner.beta for partner in partners}
    lower, higher = [b for b in betas if b < beta], [b for b in betas if b > beta]
    neighbors = ([max(lower)] if lower else []) + ([min(higher)] if higher else [])
    return Partners(
        seeds=[partner for partner in partners if partner.beta == beta],
        betas=[
            max((p for p in partners if p.beta == b), key=lambda p: abs(p.correlation))
            for b in neighbors
        ],
    )
