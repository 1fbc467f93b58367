"""Ctrl-C and other requests to stop, noticed between two steps."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from unknot.common.interruption import Interruption, heard_signals


class StopRequest:
    """Whether the process has been asked to stop.

    Attributes:
        number: of the signal that asked; 0 before.
    """

    def __init__(self) -> None:
        self.number = 0

    @property
    def requested(self) -> bool:
        """Whether it has."""
        return self.number != 0


@contextmanager
def graceful_shutdown() -> Iterator[StopRequest]:
    """While the block runs, the first signal is kept in a request; a second one ends at once.

    Outside the main thread, where Python delivers no signals, nothing is installed.
    """
    stop = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.requested:
            raise Interruption(number)
        stop.number = number

    before = {number: signal.signal(number, handle) for number in heard_signals()}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
