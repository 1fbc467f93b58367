"""Training curves of all runs on common axes, and each run's seconds and beta on other scales."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from unknot.config.run import RunConfig
from unknot.evidence.answers import listed
from unknot.report.chart_data import all_rounded, chart_run, thinned
from unknot.report.sections import LeftOut, ReportContext
from unknot.report.text import run_scales_text, run_title
from unknot.runs.history import MOVED, HistoryLine
from unknot.runs.run import Run

QUANTITIES = ("distortion", "rate", "loss")
"""Keys of a history that have a chart each, where they are in it."""


@dataclass(frozen=True)
class RunFacts:
    """One run.

    Attributes:
        title: its beta and seed.
        problem: why it is missing, in words; empty for a finished run.
        scales: its beta on other scales, in words.
        seconds: of training.
    """

    title: str
    problem: str
    scales: str
    seconds: float


@dataclass(frozen=True)
class Curves:
    """Every run of the experiment.

    Attributes:
        quantities: that have a chart.
        data: `runs`, each with its lines of training and of validation.
        runs: in the order of the description.
        moves: a sentence for each run that did not go on where it was begun.
    """

    quantities: Sequence[str]
    data: Mapping[str, Any]
    runs: Sequence[RunFacts]
    moves: Sequence[str]


def curves(context: ReportContext) -> Curves | LeftOut:
    """Give the history of every run, and the reason where a run is missing."""
    histories = {run.name: context.histories.of(run) for run in context.runs}
    if context.runs and not any(histories.values()):
        return LeftOut("no run recorded a history of its training")
    quantities = [key for key in QUANTITIES if _is_recorded(key, histories)]
    runs = {run.name: run for run in context.runs}
    return Curves(
        quantities=quantities,
        data={"runs": [_series(run, histories[run.name], quantities) for run in context.runs]},
        runs=[
            _finished(runs[config.name], histories[config.name])
            if config.name in runs
            else _missing(config, context.failures.get(config.name, "not finished"))
            for config in context.config.runs()
        ],
        moves=[text for run in context.runs if (text := _move_text(run, histories[run.name]))],
    )


def training_seconds(lines: Sequence[HistoryLine]) -> float:
    """Tell from its history how long a run was trained; 0 where it has none."""
    seconds = [line["seconds"] for line in lines if line["split"] == "train"]
    return float(seconds[-1]) if seconds else 0.0


def _move_text(run: Run, lines: Sequence[HistoryLine]) -> str:
    """Say from which steps a run went on elsewhere; empty if it did not."""
    steps = [f"{line['step']:,}" for line in lines if line["split"] == MOVED]
    if not steps:
        return ""
    return (
        f"{run_title(run.config)}: from step {listed(steps)} on another kind of processor or "
        "device, or with its batches divided otherwise. Repeated in one place, it ends with other "
        "last digits."
    )


def _is_recorded(key: str, histories: Mapping[str, Sequence[HistoryLine]]) -> bool:
    return any(key in line for lines in histories.values() for line in lines)


def _series(run: Run, lines: Sequence[HistoryLine], quantities: Sequence[str]) -> dict[str, Any]:
    """The lines of a run's history as lists of numbers."""
    splits = {}
    for split in ("train", "validation"):
        kept = thinned([line for line in lines if line["split"] == split])
        splits[split] = {"step": [line["step"] for line in kept]} | {
            key: all_rounded(line.get(key) for line in kept) for key in quantities
        }
    return chart_run(run) | splits


def _finished(run: Run, lines: Sequence[HistoryLine]) -> RunFacts:
    return RunFacts(
        title=run_title(run.config),
        problem="",
        scales=run_scales_text(run),
        seconds=training_seconds(lines),
    )


def _missing(config: RunConfig, problem: str) -> RunFacts:
    return RunFacts(title=run_title(config), problem=problem, scales="", seconds=0.0)
