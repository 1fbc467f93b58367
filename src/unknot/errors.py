"""Errors that a user can mend."""


class UserError(ValueError):
    """Something the user gave cannot be used.

    The message is one line: what was wrong, where, and what to do. The command line prints it
    without a traceback and exits with status 2.
    """


class Interrupted(Exception):
    """Work was stopped by a signal after everything needed to go on had been saved."""
