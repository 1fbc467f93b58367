"""Ctrl-C and SIGTERM, noticed between two steps."""

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType


class StopRequest:
    """Whether the process has been asked to stop."""

    def __init__(self) -> None:
        self.requested = False


@contextmanager
def graceful_shutdown() -> Iterator[StopRequest]:
    """While the block runs, the first signal sets `requested`; a second one ends at once.

    Outside the main thread, where Python delivers no signals, nothing is installed.
    """
    stop = StopRequest()
    if threading.current_thread() is not threading.main_thread():
        yield stop
        return

    def handle(number: int, frame: FrameType | None) -> None:
        if stop.requested:
            raise KeyboardInterrupt
        stop.requested = True

    before = {name: signal.signal(name, handle) for name in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for name, handler in before.items():
            signal.signal(name, handler)
