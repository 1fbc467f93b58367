"""Which of several processes this is that a launcher such as `torchrun` has started for one job."""

import os

from unknot.common.errors import UserError

LAUNCHED = ("RANK", "WORLD_SIZE", "MASTER_ADDR", "MASTER_PORT")


def num_processes() -> int:
    """Count the processes that were started for this job; 1 where no launcher has set them up."""
    return _number("WORLD_SIZE", 1) if all(name in os.environ for name in LAUNCHED) else 1


def is_follower() -> bool:
    """Whether another process of this job leads it: reads, writes, and tells what to compute."""
    return num_processes() > 1 and _number("RANK", 0) > 0


def check_is_alone() -> None:
    """Refuse to divide runs where a launcher has started processes that would divide batches.

    Raises:
        UserError: if one has.
    """
    if num_processes() > 1:
        raise UserError(
            "compare divides runs among processes of its own, not batches: start it without "
            "torchrun (unknot train takes torchrun)"
        )


def number_on_machine() -> int:
    """Give this process's number among those of this machine, from 0."""
    return _number("LOCAL_RANK", 0)


def _number(name: str, default: int) -> int:
    text = os.environ.get(name, "")
    return int(text) if text.isdecimal() and text.isascii() and len(text) < 10 else default
