"""What the page holds of each run, until it holds enough: made in threads, counted in order."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from unknot.common.machine import num_cores
from unknot.common.parallel import map_on_cores
from unknot.training.gradients.data_parallel import one_thread

Input = TypeVar("Input")
Result = TypeVar("Result")


def make_within_budget(
    make: Callable[[Input], Result],
    inputs: Sequence[Input],
    size: Callable[[Result], int],
    budget: int,
) -> list[Result | None]:
    """Make something of each input until the page has enough of it, a call on each core.

    Args:
        make: called a few times more than needed, fewer than there are cores.
        inputs: the most important first.
        size: of what was made, in characters.
        budget: the first result with which the sizes come to so many characters is the last.

    Returns:
        What was made of each input; None of those beyond the budget.
    """
    made: list[Result | None] = []
    spent, workers = 0, num_cores()
    with one_thread():
        for start in range(0, len(inputs), workers):
            if spent >= budget:
                break
            for result in map_on_cores(make, inputs[start : start + workers], workers=workers):
                made.append(result if spent < budget else None)
                spent += size(result)
    return made + [None] * (len(inputs) - len(made))
