"""The command that tells how far an experiment is."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import tyro

from unknot.cli.options import Flag, OutputOptions


@dataclass(frozen=True)
class StatusOptions:
    """Tell how far every run of an experiment is, which failed and why, and the time left.

    It reads the folder alone, so it may be asked on any machine that sees it.

    Example: unknot status runs/demo
    """

    experiment: Annotated[Path, tyro.conf.Positional, tyro.conf.arg(metavar="EXPERIMENT")]
    """Folder of the experiment."""
    all: Flag = False
    """List every run, also where there are many."""
    output: OutputOptions = field(default_factory=OutputOptions)


def status_command(options: StatusOptions) -> tuple[str, Any]:
    """Tell how far an experiment is."""
    from unknot.experiments.display.status_text import status_text
    from unknot.experiments.status import experiment_status

    status = experiment_status(options.experiment)
    return status_text(status, with_all=options.all), status.as_dict()
