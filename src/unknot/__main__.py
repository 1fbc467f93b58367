"""`unknot`, and `python -m unknot`: the command line as a process of its own."""

import os
import sys
from contextlib import suppress
from typing import TextIO

from unknot.common.interruption import quit_on_signals


def run() -> None:
    """Run the command line and exit; whatever signal comes meanwhile is answered with a line."""
    quit_on_signals()
    _open_closed_streams()
    from unknot.cli import main

    status = main()
    for stream in (sys.stdout, sys.stderr):
        _flush(stream)
    sys.exit(status)


def _open_closed_streams() -> None:
    """Have no file of ours take the number of a stream that the caller has closed."""
    with suppress(OSError):
        while (number := os.open(os.devnull, os.O_RDWR)) < 3:
            os.set_inheritable(number, True)
        os.close(number)


def _flush(stream: TextIO | None) -> None:
    """Write out what is buffered, or drop it where nobody takes it any more."""
    try:
        if stream:
            stream.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), 1 if stream is sys.stdout else 2)


if __name__ == "__main__":
    run()
