"""What a job of Slurm's executes: `python -m unknot.experiments.engines.slurm_job EXPERIMENT`.

It trains the runs that it is given, or goes on with them. Slurm sends SIGTERM where it takes the
node away, cancels or requeues the job, and SIGUSR1 some time before the job's time is over: the run
is saved in each case, and in the last one the job puts itself into the queue again. torch is
imported where signals are heard already: it takes seconds.
"""

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from types import FrameType

from unknot.common.errors import UserError
from unknot.common.interruption import STATUSES, interrupted_status, signals_raised
from unknot.common.locks import MAKES_WAY_AFTER
from unknot.common.machine import num_cores
from unknot.config.execution import ALL_PRODUCTS, Products
from unknot.data.stage import stage_in
from unknot.experiments.engines.slurm_queue import call, job_states
from unknot.runs.experiment_folder import ExperimentFolder
from unknot.runs.folder import ERROR, RunFolder

BETWEEN_RUNS = "/"
"""Stands between the names of runs that are trained as one; no name of a folder holds it."""
HELD_SECONDS = MAKES_WAY_AFTER + 60.0
"""Of waiting for another process that is at a run: one on a node that died makes way by then."""
TRY_SECONDS = 5.0
EXIT_USER = 2


class TimeWarning:
    """Whether Slurm has said that the job's time is nearly over."""

    def __init__(self) -> None:
        self.was_given = False

    def hear(self, number: int, frame: FrameType | None) -> None:
        """Ask this process to save and stop, as any request to stop does."""
        self.was_given = True
        os.kill(os.getpid(), signal.SIGTERM)


def execute_job(
    folders: Sequence[RunFolder],
    device: str,
    warning: TimeWarning,
    products: Products = ALL_PRODUCTS,
) -> int:
    """Execute a run, or several as one, and go into the queue again where time was too short.

    Args:
        folders: with the runs' descriptions.
        device: where to compute.
        warning: of the end of the time.
        products: what is made of each run beside its weights, losses and codes.

    Returns:
        The exit status of `worker.execute`; 2 where it did not go into the queue again.
    """
    steps_before = None
    try:
        with signals_raised():
            steps_before = _steps(folders)
            status = _execute(folders, device, products)
    except KeyboardInterrupt as stopped:
        folders[0].append_log("interrupted")
        status = interrupted_status(stopped)
    if warning.was_given and status in STATUSES:
        has_progress = steps_before is not None and _steps(folders) > steps_before
        return status if requeue(folders[0], has_progress=has_progress) else EXIT_USER
    return status


def _execute(folders: Sequence[RunFolder], device: str, products: Products) -> int:
    """Execute runs; waits for another process that is at one of them, as long as it may be dead."""
    import torch

    from unknot.experiments.engines.worker import EXIT_HELD, execute

    began = time.monotonic()
    while True:
        torch.set_num_threads(num_cores())
        status = execute(folders, device, products=products)
        if status != EXIT_HELD or time.monotonic() - began > HELD_SECONDS:
            return status
        time.sleep(TRY_SECONDS)


def _steps(folders: Sequence[RunFolder]) -> int:
    """Count the steps of runs that checkpoints have."""
    from unknot.training.checkpoint import read_training_state

    states = [read_training_state(folder) for folder in folders if folder.checkpoint.is_dir()]
    return sum(state.step for state in states if state)


def requeue(folder: RunFolder, *, has_progress: bool) -> bool:
    """Put this job into the queue again; says in the run's log why, or why not.

    Args:
        folder: of its first run.
        has_progress: whether a step was done since the job began: without one, the next time would
            be as short.

    Returns:
        Whether it is in the queue again.
    """
    remedy = "set more `time` in the table [engine] and run the same command again"
    if not has_progress:
        folder.append_log(f"{ERROR}the time of the job was over before a step was done; {remedy}")
        return False
    array, number = os.environ["SLURM_ARRAY_JOB_ID"], os.environ["SLURM_ARRAY_TASK_ID"]
    folder.append_log("the time of the job is over; it goes on from here when its turn comes again")
    try:
        call(["scontrol", "requeue", f"{array}_{number}"])
    except UserError as error:
        folder.append_log(f"{ERROR}{error}; {remedy}")
        return False
    return True


def finish_experiment(folder: ExperimentFolder) -> None:
    """Write evidence and page, with the reasons of the runs that did not come to their end.

    Args:
        folder: of an experiment whose other jobs are over.

    Raises:
        UserError: if it cannot be written.
    """
    from unknot.experiments.compare import finish
    from unknot.experiments.engines.slurm_runner import explain_end
    from unknot.experiments.experiment import Experiment

    experiment, states = Experiment(folder.path), job_states(folder)
    for config in experiment.config.runs():
        run = folder.run(config)
        if config.name in states and not run.is_done:
            explain_end(run, states[config.name])
    with folder.locked():
        finish(experiment, None, None)


def main() -> int:
    """Execute a job; gives its exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m unknot.experiments.engines.slurm_job", description=__doc__
    )
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--runs", default="", help=f"names of runs, with {BETWEEN_RUNS} between")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--scores", default=ALL_PRODUCTS.scores)
    parser.add_argument("--pictures", default=ALL_PRODUCTS.pictures)
    parser.add_argument("--stage", default="")
    parser.add_argument("--finish", action="store_true", help="write evidence and page")
    arguments = parser.parse_args()
    folder = ExperimentFolder(arguments.experiment)
    if arguments.finish:
        finish_experiment(folder)
        return 0
    warning = TimeWarning()
    signal.signal(signal.SIGUSR1, warning.hear)
    folders = [
        RunFolder(folder.path / name, within=folder.path)
        for name in arguments.runs.split(BETWEEN_RUNS)
    ]
    with folders[0].log.open("ab") as log:
        os.dup2(log.fileno(), 1)
        os.dup2(log.fileno(), 2)
    stage_in(arguments.stage)
    products = Products(arguments.scores, arguments.pictures)
    return execute_job(folders, arguments.device, warning, products)


if __name__ == "__main__":
    sys.exit(main())
