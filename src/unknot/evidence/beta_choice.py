"""Which beta to take: how far apart each sets the latents, and what it costs in the picture."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from unknot.evidence.axes import AxisEvidence

LARGEST_STEP, LEAST_STEP = 3.0, 1.2  # to the next beta beyond an end of the grid
ONE_RUN_STD = 1.0  # of the separation of a run, where no seeds show it: that of random rotations


@dataclass(frozen=True)
class RunCost:
    """What one run gave up for its separation.

    Attributes:
        beta: of the run.
        distortion: on test images, in nats per image.
        explained: share of the pixels' variance that reconstructions explain; None where the model
            cannot be opened.
        active: number of active latents.
    """

    beta: float
    distortion: float
    explained: float | None
    active: int


@dataclass(frozen=True)
class BetaRow:
    """One beta, means over its seeds.

    Attributes:
        beta: of the runs.
        num_seeds: of them.
        separation: by how many standard deviations the latents stand out from random mixes of them,
            the mean over all tests of `axes`; None where none could be made.
        distortion: as in `RunCost`, as are those below.
        explained: see there.
        active: see there.
    """

    beta: float
    num_seeds: int
    separation: float | None
    distortion: float
    explained: float | None
    active: float


@dataclass(frozen=True)
class BetaChoice:
    """Which beta to take.

    Attributes:
        rows: one for each beta, that which lets most of an image through first.
        best_beta: whose latents stand out most; None where none could be tested.
        beta: the first whose separation is within one standard error of the best.
        standard_error: of the best beta's separation.
        is_separated: whether any run's latents are special at all.
        next_betas: to try: beyond the best, where it stands at an end of what was tried and higher
            betas leave two latents; where nothing is separated, higher ones that can matter.
    """

    rows: tuple[BetaRow, ...]
    best_beta: float | None
    beta: float
    standard_error: float
    is_separated: bool
    next_betas: tuple[float, ...]

    def row(self, beta: float) -> BetaRow:
        """Give the row of one beta."""
        return next(row for row in self.rows if row.beta == beta)

    def as_dict(self) -> dict[str, Any]:
        """The fields for a JSON document."""
        rows = [asdict(row) for row in self.rows]
        return asdict(self) | {"rows": rows, "next_betas": list(self.next_betas)}

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "BetaChoice":
        """Read back what `as_dict` gave."""
        rows, following = document["rows"], document["next_betas"]
        read = {"rows": tuple(BetaRow(**row) for row in rows), "next_betas": tuple(following)}
        return cls(**document | read)


def choose_beta(
    axes: Sequence[AxisEvidence],
    costs: Sequence[RunCost],
    *,
    is_separated: bool,
    highest_beta: float | None = None,
    suggested_betas: Sequence[float] = (),
    larger_is_weaker: bool = False,
) -> BetaChoice | None:
    """Choose the smallest beta whose separation is within one standard error of the best.

    Where nothing is separated at any beta, it is the lowest one, which keeps most of the picture.

    Args:
        axes: of every run.
        costs: of the same runs.
        is_separated: whether any run's latents are special at all.
        highest_beta: above which a linear model has fewer than two active latents; None where that
            is not known.
        suggested_betas: at which a linear model's latents begin to collapse.
        larger_is_weaker: whether the highest beta keeps most of the picture, not the lowest; it is
            then the highest one within a standard error that is chosen.

    Returns:
        None where there is no run.
    """
    if not axes:
        return None
    by_beta = {
        beta: [_separation(run) for run in axes if run.beta == beta]
        for beta in sorted({run.beta for run in axes}, reverse=larger_is_weaker)
    }
    rows = tuple(_row(beta, values, costs) for beta, values in by_beta.items())
    tested = [row for row in rows if row.separation is not None]
    if not tested:
        return BetaChoice(
            rows=rows,
            best_beta=None,
            beta=rows[0].beta,
            standard_error=ONE_RUN_STD,
            is_separated=is_separated,
            next_betas=(),
        )
    best = max(tested, key=lambda row: row.separation or 0.0)
    error = _standard_deviation(list(by_beta.values())) / np.sqrt(best.num_seeds)
    least = (best.separation or 0.0) - error
    near = next(row for row in tested if (row.separation or 0.0) >= least)
    limit = np.inf if highest_beta is None else highest_beta
    least_higher = LEAST_STEP * rows[-1].beta
    higher = tuple(_rounded(beta) for beta in suggested_betas if least_higher < beta < limit)
    beyond = _next_beta(best.beta, tuple(sorted(by_beta)), highest_beta)
    return BetaChoice(
        rows=rows,
        best_beta=best.beta,
        beta=near.beta if is_separated else rows[0].beta,
        standard_error=float(error),
        is_separated=is_separated,
        next_betas=higher if not is_separated else () if beyond is None else (beyond,),
    )


def _separation(run: AxisEvidence) -> float | None:
    """Mean of the run's z over all tests that are not void."""
    z_scores = [test.z for test in run.tests.values() if not test.void]
    return float(np.mean(z_scores)) if z_scores else None


def _row(beta: float, separations: Sequence[float | None], costs: Sequence[RunCost]) -> BetaRow:
    known = [value for value in separations if value is not None]
    runs = [cost for cost in costs if cost.beta == beta]
    explained = [cost.explained for cost in runs if cost.explained is not None]
    return BetaRow(
        beta=beta,
        num_seeds=len(separations),
        separation=float(np.mean(known)) if known else None,
        distortion=float(np.mean([cost.distortion for cost in runs])),
        explained=float(np.mean(explained)) if explained else None,
        active=float(np.mean([cost.active for cost in runs])),
    )


def _standard_deviation(by_beta: Sequence[Sequence[float | None]]) -> float:
    """Standard deviation over seeds, pooled over the betas; that of rotations for one seed."""
    groups = [[value for value in values if value is not None] for values in by_beta]
    groups = [values for values in groups if len(values) > 1]
    if not groups:
        return ONE_RUN_STD
    squares = sum(float(((np.array(v) - np.mean(v)) ** 2).sum()) for v in groups)
    return float(np.sqrt(squares / sum(len(values) - 1 for values in groups)))


def _next_beta(best: float, betas: Sequence[float], highest: float | None) -> float | None:
    """A beta to try, where the best stands at an end; None where it does not."""
    if best not in (betas[0], betas[-1]) or len(betas) < 2 or best <= 0:
        return None
    if best == betas[-1]:
        step = min(LARGEST_STEP, best / betas[-2]) if betas[-2] > 0 else LARGEST_STEP
        beyond = min(best * step, highest if highest is not None else np.inf)
        return _rounded(beyond) if beyond >= LEAST_STEP * best else None
    return _rounded(best / min(LARGEST_STEP, betas[1] / best))


def _rounded(beta: float) -> float:
    """The same with two digits."""
    return float(f"{beta:.2g}")
