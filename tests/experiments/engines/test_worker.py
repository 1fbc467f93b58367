"""The worker's own module."""

import io
import os
import signal
from pathlib import Path

import pytest

from unknot.common.interruption import SECONDS_TO_STOP
from unknot.experiments.engines import worker
from unknot.experiments.engines.worker import EXIT_FAULT, EXIT_USER, execute, exit_status
from unknot.runs.folder import RunFolder


def test_the_exit_status_says_who_can_mend_it() -> None:
    assert exit_status([]) == 0
    assert exit_status(["error: give a number"]) == EXIT_USER
    assert exit_status(["error: give a number", "Traceback"]) == EXIT_FAULT


def test_what_stops_a_run_ends_its_log(tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    assert execute([folder], "cpu") == EXIT_USER
    assert folder.last_log_line().startswith("error: ")


def test_it_ends_with_the_comparison(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is asked to save and stop, and does not stay if it cannot."""
    done: list[object] = []
    parents = iter([7, 7, 1])
    monkeypatch.setattr(worker.os, "getppid", lambda: next(parents))
    monkeypatch.setattr(worker.os, "kill", lambda pid, number: done.append(number))
    monkeypatch.setattr(worker.os, "_exit", done.append)
    monkeypatch.setattr(worker.time, "sleep", done.append)
    worker._end_with(7)
    looks = [worker.LOOK_SECONDS] * 2
    assert done == [*looks, signal.SIGTERM, SECONDS_TO_STOP, EXIT_FAULT]


def test_nobody_left_to_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison was killed: the end of the log stays that of the run."""
    reader, writer = os.pipe()
    os.close(reader)
    ends = [os.dup(1), os.dup(2)]
    monkeypatch.setattr("sys.argv", ["worker"])
    monkeypatch.setattr("sys.stdin", io.StringIO(f'["{tmp_path}"]\n'))
    monkeypatch.setattr(worker, "execute", lambda *_, **__: 130)
    os.dup2(writer, 1)
    try:
        worker.main()
    finally:
        for end, number in zip(ends, (1, 2)):
            os.dup2(end, number)
            os.close(end)
        os.close(writer)
    assert RunFolder(tmp_path).log.read_text() == ""
