"""How far an experiment is, in lines for a terminal."""

from collections.abc import Iterable

from unknot.common.text import on_one_line
from unknot.experiments.status import AT_WORK, ExperimentStatus, RunStatus
from unknot.report.live_runs import FAILED, STOPPED

MOST_RUNS = 40
"""Of more runs, those that are finished or waiting have no line."""
HEADINGS = ("run", "state", "step", "loss", "rate", "steps/s", "")
WORDS = (0, 1, 6)  # columns that are not numbers


def status_text(status: ExperimentStatus, *, with_all: bool = False) -> str:
    """Put how far an experiment is in words.

    Args:
        status: of the experiment.
        with_all: give every run a line; else, of more than `MOST_RUNS` runs, those alone that
            failed, stopped or are at work.
    """
    shown = list(status.runs)
    if not with_all and len(shown) > MOST_RUNS:
        shown = [run for run in shown if run.state in (FAILED, STOPPED, *AT_WORK)]
    lines = [f"{status.folder}: {status.sentence}", *_table(shown)]
    num_hidden = len(status.runs) - len(shown)
    if num_hidden:
        lines.append(f"{num_hidden:,} more runs, finished or waiting: --all lists them")
    if status.no_jobs:
        lines.append(f"jobs: not known ({status.no_jobs})")
    return "\n".join([*lines, f"evidence: {status.evidence}", f"page: {status.page}"])


def _table(runs: Iterable[RunStatus]) -> list[str]:
    """A line for each run, in columns."""
    rows = [_cells(run) for run in runs]
    if not rows:
        return []
    rows.insert(0, HEADINGS)
    widths = [max(map(len, column)) for column in zip(*rows)]
    return [
        "  ".join(
            cell.ljust(width) if number in WORDS else cell.rjust(width)
            for number, (cell, width) in enumerate(zip(row, widths))
        ).rstrip()
        for row in rows
    ]


def _cells(run: RunStatus) -> tuple[str, ...]:
    notes = [run.problem]
    if run.holder:
        notes.append(f"process {run.holder.pid} on {run.holder.host}")
    if run.job:
        notes.append(f"job {run.job.id} {run.job.state}")
    return (
        run.name,
        run.state,
        f"{run.step:,} of {run.steps:,}",
        "" if run.loss is None else f"{run.loss:,.1f}",
        "" if run.rate is None else f"{run.rate:.2f}",
        "" if run.steps_per_second is None else f"{run.steps_per_second:.1f}",
        on_one_line("; ".join(filter(None, notes))),
    )
