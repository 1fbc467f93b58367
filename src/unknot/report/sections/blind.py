"""The blind test: can a reader tell latents from random directions? It stands before the cards."""

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from unknot.evidence.evidence import Evidence
from unknot.evidence.preregistration import planned_blind_seed
from unknot.report.blind.experiment import NotAsked, blind_seed, blind_tests
from unknot.report.blind.trials import LATENTS, BlindTest
from unknot.report.sections import NO_RUN, LeftOut, ReportContext
from unknot.runs.run import Run


@dataclass(frozen=True)
class Blind:
    """The blind test, which `blind.js` gives.

    Attributes:
        has_latents: whether it can be asked of any run.
        has_betas: whether any two betas can be compared.
        strength: what two models that are compared differ in: beta, or strength.
        is_planned: whether the plan fixed the seed of the random directions.
        reasons: why some runs or betas cannot be asked about, a sentence each.
        data: what the script reads.
    """

    has_latents: bool
    has_betas: bool
    strength: str
    is_planned: bool
    reasons: Sequence[str]
    data: dict[str, Any]


def blind(context: ReportContext) -> Blind | LeftOut:
    """Make the trials of every run whose decoder is in the page."""
    if context.script_data is None:
        return LeftOut(NO_RUN)
    open_names = [run.name for run in context.script_data.runs if run.model]
    runs = [run for run in context.runs if run.name in open_names]
    if not runs:
        return LeftOut("no run's decoder is in the page")
    made = list(blind_tests(runs, blind_seed(context.files)))
    tests = [test for test in made if isinstance(test, BlindTest)]
    reasons = [
        f"Not asked of {test.title}: {test.reason}." for test in made if isinstance(test, NotAsked)
    ]
    if not tests:
        return LeftOut(" ".join(reasons))
    kinds = {test.kind for test in tests}
    return Blind(
        has_latents=LATENTS in kinds,
        has_betas=len(kinds - {LATENTS}) > 0,
        strength=context.rows()[0].strength,
        is_planned=planned_blind_seed(context.files) is not None,
        reasons=reasons,
        data={
            "tests": [test.as_dict() for test in tests],
            "first": _first_asked(context.evidence, runs, tests),
            "command": f"unknot blind {shlex.quote(str(context.files.path))}",
        },
    )


def _first_asked(evidence: Evidence | None, runs: Sequence[Run], tests: Sequence[BlindTest]) -> str:
    """Digest of the test of the beta to take, else of the highest beta; empty if there is none."""
    digests = {test.runs[0]: test.digest for test in tests if test.kind == LATENTS}
    choice = evidence.which_beta if evidence else None
    asked = [run for run in runs if run.name in digests]
    taken = [run for run in asked if choice and run.config.beta == choice.beta]
    highest = sorted(asked, key=lambda run: -run.config.beta)
    return next((digests[run.name] for run in [*taken, *highest]), "")
