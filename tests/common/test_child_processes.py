"""Copies of this process end with it, and their end is explained."""

import os
import signal
import subprocess
import sys
import time

import pytest

from unknot.common.child_processes import (
    cause_of_death,
    end_child,
    exit_child,
    fork_child,
    signal_text,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="processes are forked on Linux")


def sleeping_child() -> int:
    pid = fork_child()
    if pid == 0:
        time.sleep(60)
        exit_child()
    return pid


def is_there(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("stopped", [False, True])
def test_a_copy_is_ended_though_it_is_at_work_or_stopped(stopped: bool) -> None:
    pid = sleeping_child()
    if stopped:
        os.kill(pid, signal.SIGSTOP)
    end_child(pid)
    assert not is_there(pid)
    end_child(pid)  # somebody has waited for it


def test_a_copy_ends_with_the_process_that_made_it() -> None:
    code = (
        "import os, signal, time; from unknot.common.child_processes import fork_child\n"
        "reader, writer = os.pipe()\n"
        "pid = fork_child()\n"
        "if pid == 0:\n    os.write(writer, b'.')\n    time.sleep(30)\n"
        "os.read(reader, 1)\n"
        "os.kill(pid, signal.SIGSTOP)\n"
        "print(pid, flush=True)\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=20)
    pid, deadline = int(ended.stdout), time.monotonic() + 10
    while is_there(pid) and time.monotonic() < deadline:
        time.sleep(0.01)
    assert not is_there(pid)


def test_the_death_of_a_copy_is_told_as_what_it_was() -> None:
    killed = sleeping_child()
    os.kill(killed, signal.SIGKILL)
    assert cause_of_death([killed]).startswith("signal 9: killed, most likely because the machine")
    pid = os.fork()
    if pid == 0:
        os._exit(3)
    assert cause_of_death([pid]) == "it exited with status 3"
    assert cause_of_death([pid]) == "out of memory?"  # nobody knows


def test_signals_are_named() -> None:
    assert signal_text(signal.SIGTERM) == "signal 15, SIGTERM"
    assert signal_text(signal.SIGSEGV) == "signal 11 (SIGSEGV)"
    assert signal_text(signal.SIGBUS).startswith("signal 7: a file that it read was cut short")
    assert signal_text(99) == "signal 99 (unknown)"
