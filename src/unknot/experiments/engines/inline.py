"""Runs in this process, one after the other: for debugging, and where processes cannot start."""

from concurrent.futures import Future
from dataclasses import dataclass

import torch

from unknot.common.interruption import STATUSES
from unknot.common.progress import Progress
from unknot.experiments.engines import Job, JobRunner
from unknot.experiments.engines.worker import execute
from unknot.runs.folder import RunFolder


@dataclass(frozen=True)
class InlineEngine:
    """This process, which executes one run after the other with all its threads."""

    def num_jobs(self, wanted: int | None, device: str) -> int:
        """Say that one job runs at a time; see `Engine.num_jobs`."""
        return 1

    def start(self, num_jobs: int, progress: Progress | None = None) -> JobRunner:
        """Get ready; see `Engine.start`."""
        return InlineRunner(progress)


class InlineRunner:
    """Executes each job when it is submitted; none after one that was interrupted.

    Args:
        progress: called as `progress(name of the run, steps done, steps in all)`.
    """

    def __init__(self, progress: Progress | None = None) -> None:
        self._progress = progress
        self._threads = torch.get_num_threads()
        self._interrupted_status = 0

    def submit(self, job: Job) -> "Future[int]":
        """Execute a job; see `JobRunner.submit`."""
        future: Future[int] = Future()
        status = self._interrupted_status
        if not status:
            folders = [RunFolder(path) for path in job.folders]
            torch.set_num_threads(self._threads)  # a resumed run may have set its own
            status = execute(folders, job.device, self._progress, job.products)
        self._interrupted_status = status if status in STATUSES else 0
        future.set_result(status)
        return future

    def stop(self) -> None:
        """Nothing is at work between two jobs."""

    def close(self) -> None:
        """Nothing was started."""
