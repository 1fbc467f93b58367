"""Where runs are executed: anything with the interface of `concurrent.futures.Executor`."""

import os
import subprocess
import sys
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from pathlib import Path

from unknot.worker import LOG

_children: set[subprocess.Popen[bytes]] = set()
_guard = threading.Lock()


def launch_runs(folders: Sequence[Path], threads: int, device: str) -> int:
    """Execute a run, or several as one batched program, in a process of their own and wait for it.

    This is what executors are given: it can be pickled, and the process it starts is our module,
    never the caller's script.

    Args:
        folders: the runs', described.
        threads: that the process may use.
        device: where to compute.

    Returns:
        The process's exit status: 0, 1, 2 or 130; negative for a signal that ended it.
    """
    command = [sys.executable, "-P", "-m", "unknot.worker", *map(str, folders)]
    command += ["--threads", str(threads), "--device", device]
    environment = {**os.environ, "OMP_NUM_THREADS": str(threads), "PYTHONUNBUFFERED": "1"}
    with (folders[0] / LOG).open("ab") as log, _guard:
        # in a session of its own: Ctrl-C reaches this process alone, which then tells its children
        child = subprocess.Popen(
            command, stdout=log, stderr=log, env=environment, start_new_session=True
        )
        _children.add(child)
    try:
        status = child.wait()
    finally:
        with _guard:
            _children.discard(child)
    if status < 0:
        for folder in folders:
            with (folder / LOG).open("a", encoding="utf-8") as log:
                log.write(f"the process was ended by signal {-status}; out of memory?\n")
    return status


def stop_children() -> None:
    """Ask every process that `launch_runs` started here to save and stop."""
    with _guard:
        for child in _children:
            child.terminate()


def local(workers: int) -> Executor:
    """Processes on this machine, `workers` at a time."""
    return ThreadPoolExecutor(workers, thread_name_prefix="unknot")


ENGINES: dict[str, Callable[[int], Executor]] = {"local": local}
"""Name -> executor for a number of workers."""
