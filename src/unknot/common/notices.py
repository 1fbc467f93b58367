"""What a user should know of a file that was damaged, old or made again, while the work goes on.

A notice goes to the logger `unknot`, which prints it to the standard error where nobody has set up
logging: a warning would end a user's tests where warnings are errors.
"""

import logging
from functools import lru_cache

from unknot.common.text import on_one_line

NOTE = "note: "
"""How the line begins."""


@lru_cache(maxsize=1_000)  # each is given once in a process
def give_notice(text: str) -> None:
    """Say something in one line, once.

    Args:
        text: what, where, and what follows from it.
    """
    logging.getLogger("unknot").warning("%s", f"{NOTE}{on_one_line(text)}")
