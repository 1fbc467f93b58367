"""Where runs are executed: anything with the interface of `concurrent.futures.Executor`."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any

from unknot.worker import ANSWER, EXIT_USER, LOG


class Process:
    """A process of `unknot.worker`: our module, never the caller's script.

    Args:
        threads: that it may use.
        device: where it computes.
        log: takes what it says before its first run.
    """

    def __init__(self, threads: int, device: str, log: Path) -> None:
        self.options = threads, device
        command = [sys.executable, "-P", "-m", "unknot.worker", "--parent", str(os.getpid())]
        command += ["--threads", str(threads), "--device", device]
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

    def execute(self, folders: Sequence[Path]) -> int:
        """Have it execute runs; their exit status."""
        assert self._child.stdin
        assert self._child.stdout
        with suppress(BrokenPipeError):
            self._child.stdin.write(json.dumps([str(folder) for folder in folders]) + "\n")
            self._child.stdin.flush()
        for line in self._child.stdout:
            if line.startswith(ANSWER):  # anything else was printed by what it imports
                return int(line.removeprefix(ANSWER))
        return self._child.wait()

    @property
    def has_ended(self) -> bool:
        """Whether it can take no more."""
        return self._child.poll() is not None

    def terminate(self) -> None:
        """Ask it to save and stop."""
        self._child.terminate()

    def close(self) -> None:
        """Wait for its end, which comes when it is idle."""
        with suppress(BrokenPipeError), self._child:
            pass


class LocalExecutor(Executor):
    """Processes on this machine, each kept for further runs until the executor is shut down.

    A process takes seconds to import what it needs.

    Args:
        workers: processes at a time.
    """

    def __init__(self, workers: int) -> None:
        self._threads = ThreadPoolExecutor(workers, thread_name_prefix="unknot")
        self._idle: list[Process] = []

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        """As of any executor."""
        return self._threads.submit(self._call, fn, args, kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As of any executor; processes end when they are idle."""
        try:
            self._threads.shutdown(wait, cancel_futures=cancel_futures)
        finally:
            while self._idle:
                self._idle.pop().close()

    def _call(self, fn: Callable[..., Any], args: Any, kwargs: Any) -> Any:
        _thread.idle = self._idle
        return fn(*args, **kwargs)


_thread = threading.local()
_busy: set[Process] = set()
_guard = threading.Lock()


def launch_runs(folders: Sequence[Path], threads: int, device: str) -> int:
    """Execute a run, or several as one batched program, in another process and wait for it.

    This is what executors are given: it can be pickled. In one that keeps processes, an idle one
    takes the runs.

    Args:
        folders: the runs', described.
        threads: that the process may use.
        device: where to compute.

    Returns:
        The exit status: 0, 1, 2 or 130; negative for a signal that ended the process.
    """
    kept: list[Process] | None = getattr(_thread, "idle", None)
    process = _take(kept or [], threads, device, folders[0] / LOG)
    status = None
    try:
        status = process.execute(folders)
    except BaseException:  # Ctrl-C too, in an executor of the user's
        process.terminate()
        raise
    finally:
        with _guard:
            _busy.discard(process)
        if kept is not None and status in (0, EXIT_USER):
            kept.append(process)
        else:
            process.close()
    if status < 0:
        for folder in folders:
            with (folder / LOG).open("a", encoding="utf-8") as log:
                log.write(f"the process was ended by signal {-status}; out of memory?\n")
    return status


def _take(idle: list[Process], threads: int, device: str, log: Path) -> Process:
    """An idle process, or a new one; at work from now on."""
    with _guard:
        for process in [one for one in idle if one.has_ended]:
            idle.remove(process)
            process.close()
        fitting = [one for one in idle if one.options == (threads, device)]
        process = fitting[0] if fitting else Process(threads, device, log)
        if fitting:
            idle.remove(process)
        _busy.add(process)
    return process


def stop_children() -> None:
    """Ask every process that `launch_runs` has at work here to save and stop."""
    with _guard:
        for process in _busy:
            process.terminate()


ENGINES: dict[str, Callable[[int], Executor]] = {"local": LocalExecutor}
"""Name -> executor for a number of workers."""
