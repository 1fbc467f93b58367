"""Signals that ask a process to stop: Ctrl-C, the end of a terminal, a request to end."""

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from unknot.common.errors import Interrupted

SIGNALS = tuple(
    getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)
)
STATUSES = tuple(128 + number for number in SIGNALS)
"""What a process exits with after one of them, as a shell has it: 130, 143, 129."""
WORDS = "interrupted; the same command goes on from there"
SECONDS_TO_STOP = 6.0
"""After a signal, a process that was started for others has so long to save and stop."""


class Interruption(KeyboardInterrupt):
    """A signal asks the process to stop.

    Args:
        number: of the signal.
    """

    def __init__(self, number: int) -> None:
        super().__init__()
        self.number = number


def interrupted_status(error: BaseException) -> int:
    """Give what a process exits with after `Interrupted` or a `KeyboardInterrupt`."""
    return 128 + int(getattr(error, "number", signal.SIGINT))


def heard_signals() -> list[signal.Signals]:
    """List the signals that this process does not ignore, as `nohup` has it ignore SIGHUP."""
    return [number for number in SIGNALS if signal.getsignal(number) is not signal.SIG_IGN]


@contextmanager
def signals_raised() -> Iterator[None]:
    """While the block runs, each signal raises an `Interruption`; a second one ends the process.

    So does the first one while something is imported: libraries swallow what is raised then, or
    turn it into an error of their own, or abort. Where one has done so elsewhere, it is raised
    again. Outside the main thread, where Python delivers no signals, nothing is installed.
    """
    is_main = threading.current_thread() is threading.main_thread()
    before = {number: signal.getsignal(number) for number in heard_signals() if is_main}

    received: list[int] = []

    def handle(number: int, frame: FrameType | None) -> None:
        if _is_importing(frame):
            _quit(number, frame)
        received.append(number)
        for name in before:
            signal.signal(name, _quit)
        raise Interruption(number)

    for number in before:
        signal.signal(number, handle)
    try:
        yield
    except Exception as error:
        if received and not isinstance(error, Interrupted):
            raise Interruption(received[0]) from error
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _is_importing(frame: FrameType | None) -> bool:
    """Whether code runs because a module is being imported."""
    while frame:
        if frame.f_code.co_filename.startswith("<frozen importlib"):
            return True
        frame = frame.f_back
    return False


def quit_on_signals() -> None:
    """Have each signal end this process at once, with a line and without what stands open."""
    for number in heard_signals():
        signal.signal(number, _quit)


def _quit(number: int, frame: FrameType | None) -> None:
    try:
        os.write(2, f"{WORDS}\n".encode())
    finally:
        os._exit(128 + number)
