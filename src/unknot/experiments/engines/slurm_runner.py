"""Jobs in Slurm's queue, followed until each has come to its end.

What is submitted within a moment is one array. How far runs are stands in their folders; the queue
is asked what is in it, and seldom where jobs take long.
"""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from signal import SIGTERM
from threading import Event, Lock, Thread
from typing import NamedTuple

from unknot.common.errors import UserError
from unknot.common.notices import give_notice
from unknot.common.reading import file_stamp
from unknot.experiments.engines import Job
from unknot.experiments.engines.slurm_queue import (
    ENDED,
    UNKNOWN,
    Element,
    SlurmState,
    ask_states,
    cancel_jobs,
    element_text,
)
from unknot.experiments.engines.worker import EXIT_FAULT, EXIT_HELD, EXIT_USER
from unknot.runs.experiment_folder import ExperimentFolder
from unknot.runs.folder import ERROR, RunFolder

MOMENT = 0.5  # seconds within which jobs that are submitted become one array
LOOK_SECONDS = (1.0, 15.0)  # between two looks at the queue, at first and later
LOOKS_PER_AGE = 30.0
SETTLE_SECONDS = 10.0
"""So long after a job is gone its files may still show up on another machine."""
REASONS = {
    "OUT_OF_MEMORY": "it had too little memory; set `memory` in the table [engine]",
    "TIMEOUT": "its time was over; set `time` in the table [engine]",
    "DEADLINE": "its deadline was over",
    "NODE_FAIL": "its node failed",
    "BOOT_FAIL": "its node failed",
}
"""How a job ended without a word of its own -> why."""


class Submitted(NamedTuple):
    """What became of jobs that were to be submitted.

    Attributes:
        folder: of their experiment.
        name: of all jobs of the experiment.
        elements: where each of them is in the queue.
        arrays: numbers of the arrays that are new.
    """

    folder: ExperimentFolder
    name: str
    elements: list[Element]
    arrays: set[int]


class FollowedJob:
    """A job in the queue.

    Args:
        job: that was submitted.
        future: of its exit status.
        element: where it is in the queue.
    """

    def __init__(self, job: Job, future: "Future[int]", element: Element) -> None:
        self.future, self._element = future, element
        self._folders = [RunFolder(path) for path in job.folders]
        self._gone_at: float | None = None

    @property
    def is_done(self) -> bool:
        """Whether all its runs are finished."""
        return all(folder.is_done for folder in self._folders)

    def look(self, states: dict[Element, str]) -> None:
        """Take what is in the queue, and give the exit status once it is certain."""
        state = states.get(self._element, UNKNOWN)
        if state == "PENDING":
            return
        if not self.future.running():
            self.future.set_running_or_notify_cancel()
        if self.is_done:
            self.future.set_result(0)
        elif state not in (UNKNOWN, *ENDED):
            self._gone_at = None
        elif self._gone_at is None:
            self._gone_at = time.monotonic()
        elif time.monotonic() - self._gone_at > SETTLE_SECONDS:
            self.future.set_result(self._status(state))

    def stop(self) -> None:
        """Give the exit status of a job that was stopped."""
        if not self.future.running():
            self.future.set_running_or_notify_cancel()
        self.future.set_result(0 if self.is_done else 128 + SIGTERM)

    def _status(self, state: str) -> int:
        """Tell how a job ended whose runs are not all finished, from their logs."""
        pending = [folder for folder in self._folders if not folder.is_done]
        if not all(folder.lock().is_free for folder in pending):
            return EXIT_HELD
        for folder in pending:
            explain_end(folder, SlurmState(element_text(self._element), state))
        can_be_mended = [folder.last_log_line().startswith(ERROR) for folder in pending]
        return EXIT_USER if all(can_be_mended) else EXIT_FAULT


class SlurmRunner:
    """Submits jobs to Slurm, and follows them.

    Args:
        submit: submits jobs of one experiment.
    """

    def __init__(self, submit: Callable[[Sequence[Job]], Submitted]) -> None:
        self._submit = submit
        self._new: list[tuple[Job, Future[int]]] = []
        self._followed: list[FollowedJob] = []
        self._submitted: list[Submitted] = []
        self._lock, self._is_closing = Lock(), Event()
        self._began = time.monotonic()
        self._thread = Thread(target=self._work, name="unknot-slurm", daemon=True)

    def submit(self, job: Job) -> "Future[int]":
        """Have a job executed; see `JobRunner.submit`."""
        future: Future[int] = Future()
        with self._lock:
            self._new.append((job, future))
        if not self._thread.ident:
            self._thread.start()
        return future

    def stop(self) -> None:
        """Drop what waits and have what is at work save and stop, of the jobs submitted here."""
        with self._lock:
            for _, future in self._new:
                future.cancel()
            self._new = []
            try:
                for submitted in self._submitted:
                    if submitted.arrays:
                        cancel_jobs(submitted.folder, submitted.arrays)
            finally:
                for followed in self._followed:
                    followed.stop()
                self._followed = []

    def close(self) -> None:
        """Wait until nothing is at work."""
        self._is_closing.set()
        if self._thread.ident:
            self._thread.join()

    def _work(self) -> None:
        """Submit what is new and look at the rest, until all is over and the runner is closed."""
        while self._new or self._followed or not self._is_closing.is_set():
            time.sleep(MOMENT)
            with self._lock:
                try:
                    self._submit_new()
                    self._look()
                except Exception as error:
                    self._fail(error)
            first, later = LOOK_SECONDS
            age = time.monotonic() - self._began
            self._is_closing.wait(min(later, max(first, age / LOOKS_PER_AGE)) - MOMENT)

    def _submit_new(self) -> None:
        """Submit what is new."""
        if not self._new:
            return
        jobs, futures = zip(*self._new)
        submitted = self._submit(jobs)
        self._new, self._began = [], time.monotonic()
        self._submitted.append(submitted)
        self._followed += map(FollowedJob, jobs, futures, submitted.elements)

    def _look(self) -> None:
        """Look at the jobs that are followed, and let go of those that are over."""
        if not self._followed:
            return
        try:
            states = ask_states(self._submitted[-1].name)
        except UserError as error:  # it is asked again
            give_notice(str(error))
            return
        for followed in self._followed:
            followed.look(states)
        self._followed = [each for each in self._followed if not each.future.done()]

    def _fail(self, error: Exception) -> None:
        """End every job with an error, such as what Slurm refuses."""
        futures = [future for _, future in self._new] + [each.future for each in self._followed]
        for future in futures:
            if not future.done():
                future.set_exception(error)
        self._new, self._followed = [], []


def explain_end(folder: RunFolder, state: SlurmState) -> None:
    """Say in a run's log how its job ended, where its process could not.

    Args:
        folder: of a run that is not finished.
        state: of its job, which is over.
    """
    job = f"job {state.job} of Slurm"
    if state.state in REASONS:
        folder.append_log(f"{ERROR}{job} was ended: {REASONS[state.state]}")
    elif not folder.history.exists() and not folder.last_log_line():
        log = folder.path.parent / "slurm.log"
        folder.append_log(f"{ERROR}{job} ended before its run began; see {log}")
    elif _is_silent(folder):
        folder.append_log(
            f"{ERROR}{job} was killed, as it may be where it has too little memory; the same "
            "command goes on from the last checkpoint"
        )


def _is_silent(folder: RunFolder) -> bool:
    """Whether a run has gone on since something was written into its log."""
    log, history = file_stamp(folder.log), file_stamp(folder.history)
    return history is not None and (log is None or log.nanoseconds < history.nanoseconds)
