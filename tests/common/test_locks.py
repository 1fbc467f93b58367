"""A lock is held by one process, and those who wait are told by whom."""

import errno
import fcntl
import json
import os
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from unknot.common.errors import UserError
from unknot.common.locks import locked


def refusal(path: Path) -> str:
    """Try to take a lock in another thread; returns why it cannot be had."""
    errors: list[str] = []

    def take() -> None:
        try:
            with locked(path, "training a", 0.05):
                pass
        except UserError as error:
            errors.append(str(error))

    thread = threading.Thread(target=take)
    thread.start()
    thread.join()
    return "".join(errors)


def test_who_waits_is_told_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / ".lock"
    with locked(path, "training a", 1):
        line = refusal(path)
    assert line.startswith(
        f"another process is training a (process {os.getpid()} on {socket.gethostname()}, since 2"
    )
    assert line.endswith("; wait for it, or end it")
    assert refusal(path) == ""


def test_the_holder_may_be_unknown(tmp_path: Path) -> None:
    """Of a lock that an earlier version holds, or where nothing can be written beside it."""
    path, beside = tmp_path / ".lock", tmp_path / ".lock.holder"
    with locked(path, "training a", 1):
        for content in ("", "[]", '{"pid": 1}', json.dumps("x")):
            beside.write_text(content)
            assert refusal(path) == "another process is training a; wait for it, or end it"
        beside.unlink()
        beside.symlink_to("/etc/passwd")
        assert refusal(path) == "another process is training a; wait for it, or end it"


def test_a_link_in_the_place_of_the_note_is_not_written_through(tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.write_text("kept")
    (tmp_path / ".lock.holder").symlink_to(other)
    with locked(tmp_path / ".lock", "training a", 1):
        assert other.read_text() == "kept"


def test_a_file_system_without_locks_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(fcntl, "flock", refuse)
    with (
        pytest.raises(UserError, match=r"gives no locks \(.*\.lock\); choose an --out"),
        locked(tmp_path / ".lock", "training a", 1),
    ):
        pass


def test_a_lock_that_is_lost_does_not_spoil_what_was_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    flock = fcntl.flock

    def lose(file: int, operation: int) -> None:
        if operation == fcntl.LOCK_UN:
            raise OSError(errno.ESTALE, "Stale file handle")
        flock(file, operation)

    with locked(tmp_path / ".lock", "training a", 1):
        monkeypatch.setattr(fcntl, "flock", lose)
