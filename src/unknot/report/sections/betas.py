"""The runs side by side: what each came to on test images, or why it is missing."""

from collections.abc import Sequence
from dataclasses import dataclass

from unknot.config.run import RunConfig
from unknot.report.sections import ReportContext
from unknot.runs.run import Run


@dataclass(frozen=True)
class RunRow:
    """One run.

    Attributes:
        setting: its beta, or its objective and strength.
        seed: of the run.
        problem: why it is missing, in words; empty for a finished run.
        distortion: on test images, in nats per image.
        rate: likewise.
        kl: of each latent, likewise, the largest first.
    """

    setting: str
    seed: int
    problem: str
    distortion: float
    rate: float
    kl: Sequence[float]


@dataclass(frozen=True)
class RunTable:
    """Every run of the experiment.

    Attributes:
        strength: what they differ in: beta, or strength.
        rows: one each, in the order of the description.
    """

    strength: str
    rows: Sequence[RunRow]


def betas(context: ReportContext) -> RunTable:
    """Give a row for every run, also for those that are missing."""
    runs = {run.name: run for run in context.runs}
    return RunTable(
        strength=context.strength,
        rows=[
            _finished(runs[config.name])
            if config.name in runs
            else _missing(config, context.failures.get(config.name, "not finished"))
            for config in context.config.runs()
        ],
    )


def _finished(run: Run) -> RunRow:
    test = run.evaluation.test
    return RunRow(
        setting=run.config.setting.removeprefix("beta "),
        seed=run.config.seed,
        problem="",
        distortion=test.distortion,
        rate=test.rate,
        kl=sorted(test.kl, reverse=True),
    )


def _missing(config: RunConfig, problem: str) -> RunRow:
    return RunRow(
        setting=config.setting.removeprefix("beta "),
        seed=config.seed,
        problem=problem,
        distortion=0.0,
        rate=0.0,
        kl=(),
    )
