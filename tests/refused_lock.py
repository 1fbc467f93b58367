"""What somebody is told who comes to a lock that another holds."""

import threading
from collections.abc import Callable
from contextlib import AbstractContextManager

from unknot.common.errors import UserError

Lock = Callable[[], AbstractContextManager[None]]


def refusal_of_second(first: Lock, second: Lock) -> str:
    """Hold the first lock, ask for the second in another thread, and give the error of that."""
    errors: list[str] = []

    def ask() -> None:
        try:
            with second():
                pass
        except UserError as error:
            errors.append(str(error))

    with first():
        other = threading.Thread(target=ask)
        other.start()
        other.join()
    (error,) = errors
    return error
