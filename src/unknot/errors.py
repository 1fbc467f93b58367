"""Errors that a user can mend."""

import errno


class UserError(ValueError):
    """Something the user gave cannot be used.

    The message is one line: what was wrong, where, and what to do. The command line prints it
    without a traceback and exits with status 2.
    """


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
