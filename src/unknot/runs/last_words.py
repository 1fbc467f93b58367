"""What stopped a run, as the end of its log has it."""

from unknot.common.reading import read_file
from unknot.runs.folder import ERROR, RunFolder

TRACEBACK, ENDED = "Traceback (most recent call last)", "the process was ended by signal"
STOPS = ("stopped at step", "interrupted")
"""How the last line of a log begins after Ctrl-C."""


def last_words(folder: RunFolder) -> str:
    """Read what stopped a run from the end of its log; empty where nothing did.

    Args:
        folder: of the run.

    Raises:
        UserError: if the log may not be read, or a link leads out of the run's folder.
    """
    last = folder.last_log_line()
    if last.startswith((ERROR, ENDED, *STOPS)):
        return last
    content = read_file(folder.log, within=folder.path) if last else b""
    return last if TRACEBACK.encode() in content else ""
