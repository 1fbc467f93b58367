"""Where runs are executed: anything with the interface of `concurrent.futures.Executor`."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path

from unknot.worker import LOG


class LocalExecutor(ThreadPoolExecutor):
    """Processes on this machine, each kept for further runs until this is shut down.

    A process takes seconds to import what it needs.

    Args:
        workers: processes at a time.
    """

    def __init__(self, workers: int) -> None:
        super().__init__(workers, thread_name_prefix="unknot")
        with _guard:
            _keepers.add(self)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """As of any executor; idle processes end."""
        super().shutdown(wait, cancel_futures=cancel_futures)
        with _guard:
            _keepers.discard(self)
            ended = [] if _keepers else [_idle.pop() for _ in range(len(_idle))]
        for process in ended:
            process.close()


class _Process:
    """A process of `unknot.worker`: our module, never the caller's script."""

    def __init__(self, threads: int, device: str, log: Path) -> None:
        self.options = threads, device
        command = [sys.executable, "-P", "-m", "unknot.worker"]
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
        answer = self._child.stdout.readline()
        return int(answer) if answer else self._child.wait()

    def terminate(self) -> None:
        """Ask it to save and stop."""
        self._child.terminate()

    def close(self) -> None:
        """Let it end, which it does when nothing more can come."""
        with suppress(BrokenPipeError), self._child:
            pass


_busy: set[_Process] = set()
_idle: list[_Process] = []
_keepers: set[LocalExecutor] = set()
_guard = threading.Lock()


def launch_runs(folders: Sequence[Path], threads: int, device: str) -> int:
    """Execute a run, or several as one batched program, in another process and wait for it.

    This is what executors are given: it can be pickled.

    Args:
        folders: the runs', described.
        threads: that the process may use.
        device: where to compute.

    Returns:
        The exit status: 0, 1, 2 or 130; negative for a signal that ended the process.
    """
    with _guard:
        kept = next((one for one in _idle if one.options == (threads, device)), None)
        if kept:
            _idle.remove(kept)
        process = kept or _Process(threads, device, folders[0] / LOG)
        _busy.add(process)
    status = 1
    try:
        status = process.execute(folders)
    finally:
        with _guard:
            _busy.discard(process)
            is_kept = bool(_keepers) and status == 0
            if is_kept:
                _idle.append(process)
        if not is_kept:
            process.close()
    if status < 0:
        for folder in folders:
            with (folder / LOG).open("a", encoding="utf-8") as log:
                log.write(f"the process was ended by signal {-status}; out of memory?\n")
    return status


def stop_children() -> None:
    """Ask every process that `launch_runs` has at work here to save and stop."""
    with _guard:
        for process in _busy:
            process.terminate()


ENGINES: dict[str, Callable[[int], Executor]] = {"local": LocalExecutor}
"""Name -> executor for a number of workers."""
