"""How work tells how far it is, and a line for work that takes more than a second."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Timer

Progress = Callable[[str, int, int], None]
"""Called as progress(what, done, total)."""

Say = Callable[[str], None]
"""Called with a line for people."""

ANNOUNCED_AFTER = 1.0  # seconds


@contextmanager
def announced(quiet: bool, what: str) -> Iterator[None]:
    """Say what is being done where the block takes more than a second, imports included.

    Args:
        quiet: say nothing.
        what: is being done, such as `opening the run`.
    """
    line = partial(print, f"{what}…", file=sys.stderr, flush=True)
    timer = Timer(ANNOUNCED_AFTER, line)
    timer.daemon = True
    if not quiet:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()
