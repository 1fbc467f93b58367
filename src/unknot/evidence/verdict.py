"""Whether a higher beta set the axes apart: by labels and by pictures, by a rule fixed before."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from unknot.common.errors import UserError
from unknot.common.parallel import map_on_cores
from unknot.config.run import beta_text
from unknot.evidence.agreement_test import agreement_test
from unknot.evidence.beta_bases import BetaDecision, combine_bases
from unknot.evidence.beta_test import BetaTest, beta_test
from unknot.evidence.label_effects import UsableLabels
from unknot.evidence.preregistration import LABELS, MATCHED, PICTURES, RULE, TRAINED, Rule
from unknot.evidence.rate_matching import MatchedCodes, RunPosteriors, match_rates_jointly
from unknot.evidence.rotation_null import AxisScore, axis_scores, spaced_rows, thin_out
from unknot.evidence.rotation_test import LEAST_DIRECTIONS, RotationTest

FloatArray = NDArray[np.float64]
AGREEMENT_ROTATIONS = 100


@dataclass(frozen=True)
class Verdict:
    """Whether a higher beta set the axes apart.

    Attributes:
        lowest_beta: that the others are held against.
        betas: that were compared, ascending.
        seeds: that every one of these betas has.
        decision: on every basis that is there, and on all together.
        agreements: by condition, of each beta: by how many standard deviations its seeds agree more
            than random rotations of them do; nothing is asked of it. Empty for one seed.
        num_latents: that every run keeps when they are matched.
        rate: that they are matched at, in nats.
        left_out: beta, run or basis that took no part -> the reason.
    """

    lowest_beta: float
    betas: tuple[float, ...]
    seeds: tuple[int, ...]
    decision: BetaDecision
    agreements: dict[str, tuple[float, ...]]
    num_latents: int
    rate: float
    left_out: dict[str, str]

    def as_dict(self) -> dict[str, Any]:
        """The fields for a JSON document."""
        return {
            "lowest_beta": self.lowest_beta,
            "betas": list(self.betas),
            "seeds": list(self.seeds),
            "decision": self.decision.as_dict(),
            "agreements": {name: list(values) for name, values in self.agreements.items()},
            "num_latents": self.num_latents,
            "rate": self.rate,
            "left_out": self.left_out,
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "Verdict":
        """Read back what `as_dict` gave."""
        return cls(
            lowest_beta=document["lowest_beta"],
            betas=tuple(document["betas"]),
            seeds=tuple(document["seeds"]),
            decision=BetaDecision.from_dict(document["decision"]),
            agreements={name: tuple(z) for name, z in document["agreements"].items()},
            num_latents=document["num_latents"],
            rate=document["rate"],
            left_out=document["left_out"],
        )


@dataclass(frozen=True, eq=False)
class _Grid:
    """Runs that can be compared: the same seeds of every beta.

    Attributes:
        betas: ascending.
        seeds: ascending.
        rows: number of each run, shape `(num_seeds, num_betas)`.
        left_out: beta or run that took no part -> the reason.
    """

    betas: tuple[float, ...]
    seeds: tuple[int, ...]
    rows: NDArray[np.int64]
    left_out: dict[str, str]

    @property
    def flat(self) -> list[int]:
        """Numbers of the runs, seed by seed."""
        return [int(i) for i in self.rows.ravel()]

    def table(self, values: Sequence[float]) -> FloatArray:
        """Put values of the runs of `flat` into a table of seeds and betas."""
        return np.reshape(np.asarray(values, np.float64), self.rows.shape)


def decide_verdict(
    runs: Sequence[RunPosteriors],
    labels: UsableLabels,
    interactions: Sequence[RotationTest | None],
    *,
    as_trained: Sequence[AxisScore] | None = None,
    level: float | None = None,
    rule: Rule = RULE,
    seed: int = 0,
    workers: int = 1,
) -> Verdict:
    """Hold every beta against the lowest, by a rule that was fixed before training.

    By the labels: `beta_test` on how far selectivity stands above that of rotations, as trained and
    at a matched rate and number of latents. By the pictures: `beta_test` on how far the decoder's
    interaction stands below that of rotations. `combine_bases` puts them together. A beta that has
    a run with fewer than two active latents takes no part: it would leave the others as few when
    they are matched.

    Args:
        runs: every run's posteriors of the same images.
        labels: of these images; there may be none.
        interactions: of every run's decoder, as `interaction_test` gives it, or None.
        as_trained: of every run's codes, where they were computed already.
        level: of this look; that of the rule where it is the only one.
        rule: see there.
        seed: of rotations and noise.
        workers: processes.

    Raises:
        UserError: if nothing can be compared: one beta only, no seed that all betas have, or no
            beta but the lowest with two active latents in every run.
    """
    grid = _grid(runs)
    points = spaced_rows(len(runs[0].mean), rule.points)
    thinned, factors = thin_out(runs, labels.factors, points)
    chosen = [thinned[i] for i in grid.flat]
    matched = match_rates_jointly(chosen, seed=seed)
    assert matched is not None, "every run has two active latents"
    tests, left_out = {}, dict(grid.left_out)
    if factors:
        scores = as_trained or axis_scores(
            [run.codes for run in thinned],
            factors,
            rotations=rule.rotations,
            seed=seed,
            workers=workers,
        )
        by_condition = {
            TRAINED: [scores[i] for i in grid.flat],
            MATCHED: axis_scores(
                matched.codes,
                factors,
                rotations=rule.rotations,
                condition=MATCHED,
                seed=seed,
                workers=workers,
            ),
        }
        tests[LABELS] = _by_labels(grid, by_condition, rule, seed)
    else:
        left_out[LABELS] = "the images have no label that can be tested"
    by_pictures = _by_pictures(grid, [interactions[i] for i in grid.flat], rule, seed)
    if isinstance(by_pictures, str):
        left_out[PICTURES] = by_pictures
    else:
        tests[PICTURES] = by_pictures
    return Verdict(
        lowest_beta=grid.betas[0],
        betas=grid.betas,
        seeds=grid.seeds,
        decision=combine_bases(tests, level=rule.level if level is None else level),
        agreements=_agreements(grid, chosen, matched, seed, workers),
        num_latents=matched.num_latents,
        rate=matched.rate,
        left_out=left_out,
    )


def _grid(runs: Sequence[RunPosteriors]) -> _Grid:
    """Choose the betas and seeds that can be compared.

    Raises:
        UserError: if none can.
    """
    betas = sorted({run.beta for run in runs})
    if len(betas) < 2:
        raise UserError("only one beta has finished runs; two betas or more can be compared")
    left_out = {}
    for beta in betas:
        few = [r for r in runs if r.beta == beta and len(r.active) < LEAST_DIRECTIONS]
        if few:
            names = ", ".join(f"seed {run.seed}" for run in few)
            left_out[f"beta {beta_text(beta)}"] = f"fewer than two latents are in use ({names})"
    usable = [beta for beta in betas if f"beta {beta_text(beta)}" not in left_out]
    if betas[0] not in usable or len(usable) < 2:
        reasons = "; ".join(f"at {what} {reason}" for what, reason in left_out.items())
        raise UserError(f"{reasons}, and it takes two at the lowest beta and at another")
    numbers = {(run.beta, run.seed): i for i, run in enumerate(runs)}
    all_seeds = sorted({run.seed for run in runs})
    seeds = [s for s in all_seeds if all((beta, s) in numbers for beta in usable)]
    left_out |= {f"seed {s}": "not every beta has it" for s in all_seeds if s not in seeds}
    if not seeds:
        raise UserError("no seed has a finished run at every beta")
    return _Grid(
        betas=tuple(usable),
        seeds=tuple(seeds),
        rows=np.array([[numbers[beta, s] for beta in usable] for s in seeds]),
        left_out=left_out,
    )


def _by_labels(grid: _Grid, scores: dict[str, list[AxisScore]], rule: Rule, seed: int) -> BetaTest:
    """Test whether single latents tell labels more selectively at a higher beta."""
    return beta_test(
        {name: grid.table([score.z for score in of]) for name, of in scores.items()},
        percentiles={
            name: grid.table([score.percentile for score in of]) for name, of in scores.items()
        },
        selectivities={
            name: grid.table([score.selectivity for score in of]) for name, of in scores.items()
        },
        betas=grid.betas,
        seeds=grid.seeds,
        level=rule.level,
        seed=seed,
    )


def _by_pictures(
    grid: _Grid,
    interactions: Sequence[RotationTest | None],
    rule: Rule,
    seed: int,
) -> BetaTest | str:
    """Test whether latents change pictures more separately at a higher beta, or say why not."""
    tests = [test for test in interactions if test is not None]
    if len(tests) < len(interactions):
        return "the models cannot be opened"
    void = next((test.void for test in tests if test.void), None)
    if void:
        return void
    return beta_test(
        {TRAINED: grid.table([test.z for test in tests])},
        percentiles={TRAINED: grid.table([test.percentile for test in tests])},
        betas=grid.betas,
        seeds=grid.seeds,
        level=rule.level,
        seed=seed,
    )


def _agreements(
    grid: _Grid, runs: Sequence[RunPosteriors], matched: MatchedCodes, seed: int, workers: int
) -> dict[str, tuple[float, ...]]:
    """How far the seeds of each beta agree beyond rotations, as trained and matched."""
    if len(grid.seeds) < 2:
        return {}
    of_beta = np.arange(grid.rows.size).reshape(grid.rows.shape).T
    codes = {TRAINED: [run.codes for run in runs], MATCHED: matched.codes}
    groups = [[values[i] for i in rows] for values in codes.values() for rows in of_beta]

    def z(group: Sequence[FloatArray]) -> float:
        return agreement_test(group, rotations=AGREEMENT_ROTATIONS, seed=seed).z

    with threadpool_limits(1):
        every_z = tuple(map_on_cores(z, groups, workers=workers, processes=True))
    num = len(of_beta)
    return {name: every_z[k * num : (k + 1) * num] for k, name in enumerate(codes)}
