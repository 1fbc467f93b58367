"""Training curves of each run, and its beta on other scales."""

from collections.abc import Sequence
from dataclasses import dataclass

from unknot.config import RunConfig
from unknot.report.sections import LeftOut, ReportContext
from unknot.report.text import run_scales, run_title, scales_text
from unknot.runs.run import Run


@dataclass(frozen=True)
class RunCurves:
    """One run.

    Attributes:
        title: its beta and seed.
        problem: why it is missing, in words; empty for a finished run.
        scales: its beta on other scales, in words.
        seconds: of training.
        plot: its curves, SVG of ours.
    """

    title: str
    problem: str
    scales: str
    seconds: float
    plot: str


@dataclass(frozen=True)
class Curves:
    """Every run of the experiment.

    Attributes:
        runs: in the order of the description.
    """

    runs: Sequence[RunCurves]


def curves(context: ReportContext) -> Curves | LeftOut:
    """Give the curves of every run, and the reason where a run is missing."""
    runs = {run.name: run for run in context.runs}
    if runs and not any(run.files.curves.exists() for run in context.runs):
        return LeftOut("no run recorded a history of its training")
    return Curves(
        [
            _finished(runs[config.name])
            if config.name in runs
            else _missing(config, context.failures.get(config.name, "not finished"))
            for config in context.config.runs()
        ]
    )


def training_seconds(run: Run) -> float:
    """Read how long a run was trained; 0 where it has no history."""
    lines = run.history("train")
    return float(lines[-1]["seconds"]) if lines else 0.0


def _finished(run: Run) -> RunCurves:
    path = run.files.curves
    return RunCurves(
        title=run_title(run.config),
        problem="",
        scales=scales_text(run_scales(run)),
        seconds=training_seconds(run),
        plot=path.read_text(encoding="utf-8") if path.exists() else "",
    )


def _missing(config: RunConfig, problem: str) -> RunCurves:
    return RunCurves(title=run_title(config), problem=problem, scales="", seconds=0.0, plot="")
