"""Signals raise, or end the process at once, and say so in its exit status."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from unknot.common.errors import Interrupted
from unknot.common.interruption import (
    SIGNALS,
    STATUSES,
    WORDS,
    Interruption,
    heard_signals,
    interrupted_status,
    signals_raised,
)


def test_a_status_is_that_of_a_shell() -> None:
    assert STATUSES == (130, 143, 129)
    assert interrupted_status(KeyboardInterrupt()) == 130
    assert interrupted_status(Interruption(signal.SIGTERM)) == 143
    assert interrupted_status(Interrupted("stopped", signal.SIGHUP)) == 129


@pytest.mark.parametrize("number", SIGNALS)
def test_a_signal_raises_and_the_handlers_are_put_back(number: signal.Signals) -> None:
    before = [signal.getsignal(name) for name in SIGNALS]
    with pytest.raises(KeyboardInterrupt) as caught, signals_raised():
        signal.raise_signal(number)
    assert interrupted_status(caught.value) == 128 + number
    assert [signal.getsignal(name) for name in SIGNALS] == before


def test_a_library_does_not_turn_a_signal_into_an_error_of_its_own() -> None:
    """As those in C do that are interrupted while they are imported."""

    def interrupted(error: Exception) -> None:
        try:
            signal.raise_signal(signal.SIGTERM)
        except KeyboardInterrupt:
            raise error from None

    with pytest.raises(KeyboardInterrupt) as caught, signals_raised():
        interrupted(ImportError("initialization failed"))
    assert interrupted_status(caught.value) == 143
    with pytest.raises(Interrupted), signals_raised():
        interrupted(Interrupted("saved"))


def test_what_is_ignored_stays_ignored() -> None:
    """As `nohup` has it."""
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        assert signal.SIGHUP not in heard_signals()
        with signals_raised():
            signal.raise_signal(signal.SIGHUP)
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_change_no_handler() -> None:
    before = signal.getsignal(signal.SIGTERM)
    seen = []

    def work() -> None:
        with signals_raised():
            seen.append(signal.getsignal(signal.SIGTERM))

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert seen == [before]


@pytest.mark.parametrize("number", SIGNALS)
@pytest.mark.parametrize("closed", ["", "import os; os.close(2); "])
def test_a_process_may_end_at_once_with_a_line(number: signal.Signals, closed: str) -> None:
    code = (
        "import signal; from unknot.common.interruption import quit_on_signals; "
        f"quit_on_signals(); {closed}signal.raise_signal({int(number)})"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert ended.returncode == 128 + number
    assert ended.stderr == ("" if closed else f"{WORDS}\n")


def test_a_signal_during_an_import_is_not_swallowed(tmp_path: Path) -> None:
    swallowing = "import os, signal\ntry:\n    os.kill(os.getpid(), signal.SIGTERM)\n"
    (tmp_path / "swallowing.py").write_text(swallowing + "except BaseException:\n    pass\n")
    code = "from unknot.common.interruption import signals_raised\n"
    code += "with signals_raised():\n    import swallowing\nprint('went on')"
    ended = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "PYTHONPATH": os.pathsep.join([*sys.path, str(tmp_path)])},
        capture_output=True,
        text=True,
    )
    assert (ended.returncode, ended.stdout, ended.stderr) == (143, "", f"{WORDS}\n")
