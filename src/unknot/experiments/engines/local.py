"""Worker processes on this machine, or wherever a cluster or an executor has a job executed."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from threading import Event, Lock, Thread, Timer

from unknot.common.child_processes import signal_text
from unknot.common.interruption import SECONDS_TO_STOP, SIGNALS
from unknot.common.machine import num_cores
from unknot.common.progress import Progress
from unknot.config.execution import ALL_PRODUCTS, Products
from unknot.experiments.engines import Job, JobRunner
from unknot.experiments.engines.worker import ANSWER, EXIT_HELD, EXIT_USER, LOOK_SECONDS
from unknot.models.device import choose_device
from unknot.runs.folder import ERROR, RunFolder

START = (
    "import signal; signal.signal(signal.SIGINT, signal.SIG_DFL); "
    "from unknot.experiments.engines.worker import main; main()"
)
"""Outside of training, signals end a worker at once, also while it imports what it needs."""


@dataclass(frozen=True)
class LocalEngine:
    """Worker processes on this machine, as many as it has cores; one on a GPU."""

    def num_jobs(self, wanted: int | None, device: str) -> int:
        """Say how many jobs run at a time; see `Engine.num_jobs`."""
        return wanted or (num_cores() if choose_device(device).type == "cpu" else 1)

    def start(self, num_jobs: int, progress: Progress | None = None) -> JobRunner:
        """Get ready for so many jobs at a time; see `Engine.start`."""
        return LocalRunner(num_jobs)


def visible_gpus() -> str | None:
    """Say which GPUs a cluster gives to the job here; None where it says nothing."""
    return os.environ.get("CUDA_VISIBLE_DEVICES")


class WorkerProcess:
    """A process of `unknot.experiments.engines.worker`: our module, never the caller's script.

    Args:
        threads: that it may use.
        device: where it computes.
        log: takes what it says before its first run.
        products: what it makes of each run beside its weights, losses and codes.
        stage: where it copies prepared images to; none if empty.

    Attributes:
        options: threads, device, products, stage, and the GPUs that it sees.
    """

    def __init__(
        self,
        threads: int,
        device: str,
        log: Path,
        products: Products = ALL_PRODUCTS,
        stage: str = "",
    ) -> None:
        self.options = threads, device, products, stage, visible_gpus()
        command = [sys.executable, "-P", "-c", START]
        command += ["--parent", str(os.getpid()), "--threads", str(threads), "--device", device]
        command += ["--scores", products.scores, "--pictures", products.pictures]
        command += ["--stage", stage] if stage else []
        environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONUNBUFFERED": "1"}
        with log.open("ab") as errors:
            # in a session of its own: Ctrl-C reaches this process alone, which tells its children
            self._child = subprocess.Popen(
                command,
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=errors,
                env=environment,
                start_new_session=True,
                text=True,
            )

    def execute(self, folders: Sequence[str]) -> int:
        """Have it execute a run, or several as one batched program; returns their exit status."""
        assert self._child.stdin
        assert self._child.stdout
        with suppress(BrokenPipeError):
            self._child.stdin.write(json.dumps(list(folders)) + "\n")
            self._child.stdin.flush()
        for line in self._child.stdout:
            if line.startswith(ANSWER):  # anything else was printed by what it imports
                return int(line.removeprefix(ANSWER))
        return self._child.wait()

    @property
    def has_exited(self) -> bool:
        """Whether the process has exited."""
        return self._child.poll() is not None

    def terminate(self) -> None:
        """Ask the process to save and stop; it is killed if that takes too long."""
        self._child.terminate()
        if hasattr(signal, "SIGCONT"):
            self._child.send_signal(signal.SIGCONT)  # it may have been stopped
        killer = Timer(SECONDS_TO_STOP, self._child.kill)
        killer.daemon = True
        killer.start()

    def close(self) -> None:
        """Wait for the process to exit, which it does when it is idle."""
        with suppress(BrokenPipeError), self._child:
            pass


class WorkerPool:
    """Worker processes, those at work and those kept for further jobs.

    Args:
        keeps_idle: whether a process is kept when its job is done; it takes seconds to import what
            it needs.
    """

    def __init__(self, keeps_idle: bool) -> None:
        self._keeps_idle = keeps_idle
        self._idle: list[WorkerProcess] = []
        self._busy: set[WorkerProcess] = set()
        self._lock = Lock()
        self._is_stopping = False

    def run(self, job: Job) -> int:
        """Execute a job in a worker process and wait for it.

        Returns:
            The exit status: 0, 1, 2, 75, or 128 and a number in `SIGNALS` that stopped it; negative
            for another signal that ended the process.
        """
        if not job.is_wanted:
            return 128 + signal.SIGTERM
        folders = [RunFolder(path) for path in job.folders]
        share = max(1, num_cores() // job.jobs_per_machine)
        threads = min(share, job.max_cores or share)
        process = self._acquire_worker(threads, job, folders[0].log)
        status = None
        try:
            with _terminated_when_unwanted(process, job):
                status = process.execute(job.folders)
        except BaseException:  # Ctrl-C too, in an executor of the user's
            process.terminate()
            raise
        finally:
            self._release_worker(process, is_usable=status in (0, EXIT_USER, EXIT_HELD))
        if status >= 0:
            return status
        is_interrupted = self._is_stopping or not job.is_wanted or -status in SIGNALS
        for folder in folders:
            folder.append_log(_last_words(-status, is_interrupted))
        if is_interrupted:
            return 128 + (-status if -status in SIGNALS else signal.SIGTERM)
        return status

    def terminate(self) -> None:
        """Ask every process that is at work to save and stop."""
        self._is_stopping = True
        with self._lock:
            for process in self._busy:
                process.terminate()

    def close(self) -> None:
        """End the processes that are idle."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()

    def _acquire_worker(self, threads: int, job: Job, log: Path) -> WorkerProcess:
        """Take an idle worker or start one, and mark it busy."""
        with self._lock:
            for process in [worker for worker in self._idle if worker.has_exited]:
                self._idle.remove(process)
                process.close()
            options = threads, job.device, job.products, job.stage, visible_gpus()
            fitting = [worker for worker in self._idle if worker.options == options]
            process = (
                fitting[0]
                if fitting
                else WorkerProcess(threads, job.device, log, job.products, job.stage)
            )
            if fitting:
                self._idle.remove(process)
            self._busy.add(process)
        return process

    def _release_worker(self, process: WorkerProcess, *, is_usable: bool) -> None:
        """Mark a worker idle, or wait for its end."""
        with self._lock:
            self._busy.discard(process)
            if self._keeps_idle and is_usable:
                self._idle.append(process)
                return
        process.close()


@contextmanager
def _terminated_when_unwanted(process: WorkerProcess, job: Job) -> Iterator[None]:
    """While the block runs, ask a process to save and stop once its job is not wanted any more."""
    is_over = Event()

    def look() -> None:
        while not is_over.wait(LOOK_SECONDS):
            if not job.is_wanted:
                process.terminate()
                return

    if job.order:
        Thread(target=look, name="unknot-order", daemon=True).start()
    try:
        yield
    finally:
        is_over.set()


def _last_words(number: int, interrupted: bool) -> str:
    """Say in a run's log which signal has ended its process."""
    if interrupted:
        return f"interrupted ({signal_text(number)})" if number in SIGNALS else "interrupted"
    text = f"the process was ended by {signal_text(number)}"
    advice = "use fewer --workers, or smaller images, and run the same command again"
    return f"{ERROR}{text}; {advice}" if number == signal.SIGKILL else text


class LocalRunner:
    """Executes jobs in worker processes of this machine, each kept for further jobs.

    Args:
        num_jobs: processes at a time.
    """

    def __init__(self, num_jobs: int) -> None:
        self._pool = WorkerPool(keeps_idle=True)
        self._threads = ThreadPoolExecutor(num_jobs, thread_name_prefix="unknot")

    def submit(self, job: Job) -> "Future[int]":
        """Have a job executed; see `JobRunner.submit`."""
        return self._threads.submit(self._pool.run, job)

    def stop(self) -> None:
        """Drop what has not begun, and ask what is at work to save and stop."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._pool.terminate()

    def close(self) -> None:
        """Wait until nothing is at work, and end the processes."""
        self._threads.shutdown(wait=True)
        self._pool.close()
