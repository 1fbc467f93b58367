"""Copies of this process that work for it: they end with it, and their end is explained."""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import NoReturn

from unknot.common.interruption import SIGNALS

PR_SET_PDEATHSIG = 1
SECONDS_TO_DIE = 1.0  # from the end of a process's pipe to its own
OF_MEMORY = "killed, most likely because the machine had no memory left"


def fork_child() -> int:
    """Fork this process; Linux kills the copy when the thread that has called this is gone.

    Returns:
        The copy's process id, and 0 in the copy.
    """
    parent = os.getpid()
    library = ctypes.CDLL(None) if sys.platform == "linux" else None
    pid = os.fork()
    if pid == 0 and library:
        library.prctl(PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:  # it was gone before
            exit_child()
    return pid


def exit_child() -> NoReturn:
    """End a copy; nothing of what its parent is to do at its end is done here."""
    os._exit(0)


def end_child(pid: int) -> None:
    """End a copy at once, though it is at work or stopped, and wait for its end."""
    with suppress(ChildProcessError):  # somebody else has waited for it
        if os.waitpid(pid, os.WNOHANG) == (0, 0):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)


def cause_of_death(pids: Sequence[int]) -> str:
    """Say what has ended the first of some copies that did not end well."""
    deadline = time.monotonic() + SECONDS_TO_DIE
    while time.monotonic() < deadline:
        for pid in pids:
            with suppress(ChildProcessError):
                ended, status = os.waitpid(pid, os.WNOHANG)
                code = os.waitstatus_to_exitcode(status) if ended else 0
                if code:
                    return signal_text(-code) if code < 0 else f"it exited with status {code}"
        time.sleep(0.01)
    return "out of memory?"


def signal_text(number: int) -> str:
    """Say what a process that a signal has ended died of.

    Args:
        number: of the signal.
    """
    name = signal.Signals(number).name if number in set(signal.Signals) else "unknown"
    if number == signal.SIGKILL:
        return f"signal {number}: {OF_MEMORY}"
    if number in SIGNALS:
        return f"signal {number}, {name}"
    if number == getattr(signal, "SIGBUS", 0):
        return f"signal {number}: a file that it read was cut short, or a disk is full ({name})"
    return f"signal {number} ({name})"
