"""Runs in this process, one after the other: for debugging, and where processes cannot start."""

from concurrent.futures import Future
from dataclasses import dataclass

from unknot.experiments.engines import Job, JobRunner
from unknot.experiments.engines.worker import EXIT_INTERRUPTED, execute
from unknot.runs.folder import RunFolder


@dataclass(frozen=True)
class InlineEngine:
    """This process, which executes one run after the other with all its threads."""

    def num_jobs(self, wanted: int | None, device: str) -> int:
        """Say that one job runs at a time; see `Engine.num_jobs`."""
        return 1

    def start(self, num_jobs: int) -> JobRunner:
        """Get ready; see `Engine.start`."""
        return InlineRunner()


class InlineRunner:
    """Executes each job when it is submitted; none after one that was interrupted."""

    def __init__(self) -> None:
        self._was_interrupted = False

    def submit(self, job: Job) -> "Future[int]":
        """Execute a job; see `JobRunner.submit`."""
        future: Future[int] = Future()
        status = EXIT_INTERRUPTED
        if not self._was_interrupted:
            folders = [RunFolder(path) for path in job.folders]
            status = execute(folders, job.device, progress=None)
        self._was_interrupted = status == EXIT_INTERRUPTED
        future.set_result(status)
        return future

    def stop(self) -> None:
        """Nothing is at work between two jobs."""

    def close(self) -> None:
        """Nothing was started."""
