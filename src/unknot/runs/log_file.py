"""The log of a run: what its process printed, written a line at a time and read from its end."""

import os
from pathlib import Path

from unknot.common.errors import UserError, explain_os_error
from unknot.common.notices import NOTE
from unknot.common.reading import check_within, opened_file

MOST_BYTES = 262_144
"""Of the end that is read."""


def append_line(path: Path, text: str) -> None:
    """Add a line to a log.

    Args:
        path: `RunFolder.log`.
        text: may be several lines, such as a traceback.

    Raises:
        UserError: if a link leads out of the run's folder, or the system refuses it.
    """
    check_within(path, path.parent)
    try:
        with open(path, "a", encoding="utf-8", opener=_open_without_waiting) as log:
            log.write(f"{text}\n")
    except OSError as error:
        raise UserError(explain_os_error(error, path)) from None


def log_end(path: Path) -> str:
    """Read the end of a log, without the notices in it; empty where there is no log.

    Args:
        path: `RunFolder.log`.

    Raises:
        UserError: if it may not be read, or a link leads out of the run's folder.
    """
    if not path.is_file():
        return ""
    with opened_file(path, within=path.parent) as log:
        log.seek(max(0, log.seek(0, os.SEEK_END) - MOST_BYTES))
        lines = log.read(MOST_BYTES).decode("utf-8", "replace").strip().splitlines()
    return "\n".join(line for line in lines if not line.startswith(NOTE))


def _open_without_waiting(path: str, flags: int) -> int:
    """Open a file to write, and refuse a pipe that nobody reads."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0), 0o666)
