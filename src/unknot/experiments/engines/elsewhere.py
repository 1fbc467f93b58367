"""Jobs that are executed elsewhere: by a cluster, or by an executor of the user's.

What is sent there is a function of this package, by its name, and a `Job`: nothing else is pickled.
A job is told to stop by a file in the experiment's folder, which every machine sees: the job goes
on as long as the file is there.
"""

import time
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from contextlib import suppress
from functools import cache, partial
from pathlib import Path
from signal import SIGTERM
from threading import Event, RLock, Thread, Timer
from uuid import uuid4

from unknot.common.interruption import SECONDS_TO_STOP, STATUSES
from unknot.config.checks import MOST_RUNS
from unknot.experiments.engines import Job
from unknot.experiments.engines.local import WorkerPool
from unknot.experiments.engines.worker import EXIT_FAULT
from unknot.runs.folder import ERROR, RunFolder

IDLE_SECONDS = 30.0
"""So long a process is kept for the next job."""
LOOK_SECONDS = 1.0
MOST_LOOKED_AT = 100
"""Jobs, the first that were sent of those that have not begun, that are looked at to see it."""
PATIENCE_AT_THE_END = SECONDS_TO_STOP + 4.0
"""So long jobs are waited for that have been told to stop."""


class KeptPool:
    """Worker processes, which end when there has been nothing for them to do for a while."""

    def __init__(self) -> None:
        self._pool = WorkerPool(keeps_idle=True)
        self._timer: Timer | None = None

    def run(self, job: Job) -> int:
        """Execute a job; see `WorkerPool.run`."""
        try:
            return self._pool.run(job)
        finally:
            if self._timer:
                self._timer.cancel()
            self._timer = Timer(IDLE_SECONDS, self._pool.close)
            self._timer.daemon = True
            self._timer.start()


@cache
def kept_pool() -> KeptPool:
    """Give the worker processes of this process, which is a worker of a cluster."""
    return KeptPool()


def execute_job(job: Job) -> int:
    """Execute a job on whatever machine this is; see `WorkerPool.run`."""
    return kept_pool().run(job)


class SentJob:
    """A job that is executed elsewhere.

    Args:
        job: that it is.

    Attributes:
        job: likewise.
        future: of its exit status.
        answer: what was given for it where it was sent; None before.
        num_lost: how often its machine was lost.
    """

    def __init__(self, job: Job) -> None:
        self.job = job
        self.future: Future[int] = Future()
        self.answer: Future[int] | None = None
        self.num_lost = 0

    @property
    def has_begun(self) -> bool:
        """Whether it is at work, as its executor or the folder of a run says."""
        is_at_work = self.answer is not None and self.answer.running()
        return is_at_work or any(RunFolder(path).lock().holder for path in self.job.folders)

    def begin(self) -> None:
        """Say that it has begun."""
        if not self.future.running() and not self.future.done():
            self.future.set_running_or_notify_cancel()

    def finish(self, status: int) -> None:
        """Give its exit status."""
        if not self.future.done():
            self.begin()
            self.future.set_result(status)

    def fail(self, reason: str) -> None:
        """Give up: every run that is not finished is told why in its log."""
        for folder in map(RunFolder, self.job.folders):
            if not folder.is_done:
                folder.append_log(f"{ERROR}{reason}")
        self.finish(EXIT_FAULT)


class ElsewhereRunner:
    """Sends jobs somewhere, and sends those again whose machine was lost.

    Args:
        send: has a job executed, and gives a future of its exit status.
        at_a_time: jobs that are sent at a time; None for all.
        retries: how often a job is sent again.
        lost: errors of futures that say that a machine was lost.
        end: ends what was started for this.
        drops_queued: whether a future that is canceled takes its job out of a queue; elsewhere a
            job ends as soon as it begins.
    """

    def __init__(
        self,
        send: Callable[[Job], "Future[int]"],
        *,
        at_a_time: int | None = None,
        retries: int = 0,
        lost: tuple[type[BaseException], ...] = (),
        end: Callable[[], None] | None = None,
        drops_queued: bool = False,
    ) -> None:
        self._send, self._end = send, end
        self._at_a_time = MOST_RUNS if at_a_time is None else at_a_time
        self._retries, self._lost, self._drops_queued = retries, lost, drops_queued
        self._waiting: deque[SentJob] = deque()
        self._at_work: dict[SentJob, None] = {}
        self._lock, self._is_closed = RLock(), Event()
        self._order: Path | None = None
        self._is_stopping = False
        self._thread = Thread(target=self._look, name="unknot-elsewhere", daemon=True)

    def submit(self, job: Job) -> "Future[int]":
        """Have a job executed; see `JobRunner.submit`."""
        with self._lock:
            if self._order is None:
                self._order = Path(job.folders[0]).parent / f".order-{uuid4().hex}"
                self._order.touch()
                self._thread.start()
            sent = SentJob(job._replace(order=str(self._order)))
            self._waiting.append(sent)
        self._send_waiting()
        return sent.future

    def stop(self) -> None:
        """Drop what has not begun, and ask what is at work to save and stop."""
        with self._lock:
            self._is_stopping = True
            while self._waiting:
                self._waiting.pop().future.cancel()
            at_work = list(self._at_work)
        self._withdraw()
        for sent in at_work:
            if self._drops_queued and sent.answer and not sent.has_begun:
                sent.answer.cancel()

    def close(self) -> None:
        """Wait until nothing is at work, and end what was started."""
        began = time.monotonic()
        while self._at_work or self._waiting:
            if self._is_stopping and time.monotonic() - began > PATIENCE_AT_THE_END:
                break
            time.sleep(0.05)
        self._is_closed.set()
        with self._lock:
            for sent in list(self._at_work):
                sent.finish(128 + SIGTERM)
        self._withdraw()
        if self._end:
            self._end()

    def _withdraw(self) -> None:
        """Remove the file that tells jobs to go on."""
        if self._order:
            with suppress(FileNotFoundError):
                self._order.unlink()

    def _send_waiting(self) -> None:
        """Send as many jobs as may be at work."""
        with self._lock:
            while self._waiting and len(self._at_work) < self._at_a_time:
                sent = self._waiting.popleft()
                self._at_work[sent] = None
                sent.answer = self._send(sent.job)
                sent.answer.add_done_callback(partial(self._hear, sent))

    def _hear(self, sent: SentJob, answer: "Future[int]") -> None:
        """Take what was given for a job, and send the next one."""
        with self._lock:
            del self._at_work[sent]
            if answer.cancelled() and self._is_stopping:
                sent.future.cancel()
            else:
                self._take(sent, answer)
        self._send_waiting()

    def _take(self, sent: SentJob, answer: "Future[int]") -> None:
        error = None if answer.cancelled() else answer.exception()
        if answer.cancelled() or (error and not isinstance(error, self._lost)):
            sent.fail(f"it could not be executed: {_line(error) or 'it was canceled'}")
        elif self._is_stopping:
            sent.finish(128 + SIGTERM if error else answer.result())
        elif not error and not (self._retries and answer.result() in STATUSES):
            sent.finish(answer.result())
        elif sent.num_lost < self._retries:
            sent.num_lost += 1
            self._waiting.appendleft(sent)
        else:
            sent.fail(
                f"its machine was lost {sent.num_lost + 1} times ({_line(error) or 'stopped'}); "
                "the same command goes on from its checkpoint"
            )

    def _look(self) -> None:
        """See now and then which jobs have begun, until the runner is closed."""
        while not self._is_closed.wait(LOOK_SECONDS):
            with self._lock:
                waiting = [sent for sent in self._at_work if not sent.future.running()]
            begun = [sent for sent in waiting[:MOST_LOOKED_AT] if sent.has_begun]
            with self._lock:
                for sent in begun:
                    sent.begin()


def _line(error: BaseException | None) -> str:
    """Say in one line what an error is."""
    text = str(error).strip().splitlines()
    return f"{type(error).__name__}: {text[0] if text else ''}" if error else ""
