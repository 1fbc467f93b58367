"""A lock is held by one process, others are told by whom, and the dead and the stopped make way."""

import errno
import os
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from unknot.common import locks, notices
from unknot.common.errors import UserError
from unknot.common.locks import FOR_EVER, HeldError, Lock, locked

HOLD = "import sys, time; from pathlib import Path; from unknot.common.locks import Lock; "
HOLD += "held = Lock(Path(sys.argv[1]), 'training a').held(1); held.__enter__(); "
HOLD += "print('held', flush=True); time.sleep(60)"


def refusal(path: Path) -> str:
    """Try to take a lock; returns why it cannot be had."""
    try:
        with locked(path, "training a", 0.05):
            return ""
    except HeldError as error:
        return str(error)


def test_who_waits_is_told_who_holds_it(tmp_path: Path) -> None:
    path = tmp_path / "lease"
    with locked(path, "training a", 1):
        line = refusal(path)
    assert line.startswith(f"another process is training a (process {os.getpid()} on ")
    assert line.endswith("; wait for it, or end it")
    assert refusal(path) == ""
    assert list(tmp_path.iterdir()) == []


def test_a_file_that_is_no_lease_is_named(tmp_path: Path) -> None:
    path = tmp_path / "lease"
    path.symlink_to("/etc/passwd")
    line = f"another process is training a (as {path} says); wait for it, or delete that file"
    assert refusal(path) == line
    assert path.is_symlink()


def test_a_lock_goes_with_its_process_however_it_ends(tmp_path: Path) -> None:
    path = tmp_path / "lease"
    with subprocess.Popen([sys.executable, "-c", HOLD, path], stdout=subprocess.PIPE) as holder:
        assert holder.stdout
        assert holder.stdout.readline() == b"held\n"
        assert f"process {holder.pid} on" in refusal(path)
        assert not Lock(path, "training a").is_free
        holder.kill()
    assert refusal(path) == ""
    assert Lock(path, "training a").is_free


def test_a_machine_that_is_silent_makes_way_and_writes_no_more(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same for a process that was stopped: its stamp stands still."""
    monkeypatch.setattr(locks, "MAKES_WAY_AFTER", 0.4)
    path = tmp_path / "lease"
    monkeypatch.setattr(locks, "RENEWED_EVERY", 0.39)
    slow = Lock(path, "training a")
    with slow.held(1):
        slow.check_held()
        slow._lease._stop_heartbeat()
        after = Lock(path, "training a")
        assert not after.is_free
        time.sleep(0.45)
        assert after.is_free  # it has watched for long enough
        with pytest.raises(UserError, match=r"was training a, .*another has taken over"):
            slow.check_held()


def test_a_lock_that_is_renewed_is_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(locks, "MAKES_WAY_AFTER", 0.4)
    monkeypatch.setattr(locks, "RENEWED_EVERY", 0.05)
    path = tmp_path / "lease"
    with Lock(path, "training a").held(1):
        other = Lock(path, "training a")
        deadline = time.monotonic() + 1
        while time.monotonic() < deadline:
            assert not other.is_free
            time.sleep(0.05)


def test_one_may_wait_for_ever_and_says_for_what(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    notices.give_notice.cache_clear()
    monkeypatch.setattr(locks, "QUIET_SECONDS", 0.05)
    path, first = tmp_path / "lease", Lock(tmp_path / "lease", "at work on a")
    entered = threading.Event()

    def wait() -> None:
        with Lock(path, "at work on a").waited_for():
            entered.set()

    with first.held(FOR_EVER):
        waiter = threading.Thread(target=wait)
        waiter.start()
        assert not entered.wait(0.3)
    assert entered.wait(5)
    waiter.join()
    assert f"process {os.getpid()} on" in caplog.text
    assert caplog.text.count("; it is waited for") == 1


def test_a_file_system_that_refuses_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: Any, **options: Any) -> None:
        raise OSError(errno.EROFS, "Read-only file system")

    lock = Lock(tmp_path / "lease", "training a")
    monkeypatch.setattr(lock._lease, "_acquire", refuse)
    with pytest.raises(UserError, match=r"can only be read \(.*lease\)"), lock.held(1):
        pass


def test_a_file_that_cannot_go_keeps_others_out_and_not_its_own_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def lose(force: bool = False) -> None:
        raise OSError(errno.EIO, "Input/output error")

    monkeypatch.setattr(locks, "UNRELEASED", set())
    path = tmp_path / "lease"
    lock = Lock(path, "training a")
    release = lock._lease.release
    with lock.held(1):
        monkeypatch.setattr(lock._lease, "release", lose)
    assert path.exists()
    with Lock(path, "training a").held(0):
        assert path.exists()
    code = "import sys; from pathlib import Path; from unknot.common.locks import Lock; "
    code += "sys.exit(Lock(Path(sys.argv[1]), 'training a').is_free)"
    assert subprocess.run([sys.executable, "-c", code, path]).returncode == 0
    release()
