"""Errors that a user can mend."""

import errno
from typing import Any


class UserError(Exception):
    """Something the user gave cannot be used.

    The message is one line: what was wrong, where, and what to do. The command line prints it
    without a traceback and exits with status 2. Not a ValueError, so that no library swallows it.
    """


class RunsFailedError(UserError):
    """Some runs did not finish; the others did, and the report is written.

    Args:
        text: what to show of the experiment all the same.
        document: likewise, for JSON.
        num_failed: runs.
        num_runs: in all.
        has_crashed: whether one of them ended by a fault of ours.
    """

    def __init__(
        self,
        text: str,
        document: dict[str, Any],
        *,
        num_failed: int,
        num_runs: int,
        has_crashed: bool,
    ) -> None:
        self.text, self.document, self.has_crashed = text, document, has_crashed
        super().__init__(
            f"{num_failed} of {num_runs} runs failed; the same command tries them again"
        )


class Interrupted(Exception):
    """Work was stopped by a signal after everything needed to go on had been saved."""


def explain_os_error(error: OSError) -> str | None:
    """One line for the failures of a disk that a user can mend; None for any other."""
    where = f" ({error.filename})" if error.filename else ""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return f"the disk is full{where}; make room and run the same command again: it goes on"
    if error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return f"no permission to write{where}; choose another --out, or set UNKNOT_CACHE"
    return None
