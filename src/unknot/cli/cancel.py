"""The command `cancel`: stop what was submitted to a cluster's queue, with everything saved."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import tyro

from unknot.cli.options import OutputOptions


@dataclass(frozen=True)
class CancelOptions:
    """Stop the runs of an experiment that are in a cluster's queue; each is saved.

    Example: unknot cancel runs/demo
    """

    experiment: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="EXPERIMENT")]
    output: OutputOptions = field(default_factory=OutputOptions)


def cancel_command(options: CancelOptions) -> tuple[str, Any]:
    """Stop jobs, and say which."""
    from unknot.common.progress import announced
    from unknot.experiments.engines.slurm_queue import cancel_jobs, element_text
    from unknot.runs.experiment_folder import ExperimentFolder

    folder = ExperimentFolder(options.experiment)
    folder.read_config()
    with announced(options.output.hides_progress, "waiting until every run is saved"):
        stopped = cancel_jobs(folder)
    jobs = [element_text(element) for element in sorted(stopped)]
    num_waiting = sum(state == "PENDING" for state in stopped.values())
    document = {"folder": str(folder.path), "cancelled": jobs}
    if not jobs:
        return f"no job of {folder.path} is in the queue of a cluster", document
    at_work = len(jobs) - num_waiting
    return (
        f"jobs that were stopped: {at_work} at work, {num_waiting} waiting; every run in "
        f"{folder.path} is saved, and the same command goes on from there",
        document,
    )
