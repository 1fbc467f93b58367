"""P-values of several tests, corrected for their number."""

from collections.abc import Mapping, Sequence
from typing import TypeVar

import numpy as np

Name = TypeVar("Name")


def holm(p_values: Sequence[float]) -> list[float]:
    """Correct p-values for their number, however the tests depend on each other (Holm 1979)."""
    order = np.argsort(p_values, kind="stable")
    corrected, largest = [0.0] * len(order), 0.0
    for rank, i in enumerate(order):
        largest = max(largest, min(1.0, (len(order) - rank) * p_values[i]))
        corrected[i] = largest
    return corrected


def hochberg(p_values: Mapping[Name, float]) -> dict[Name, float]:
    """Correct p-values for their number, from the largest down (Hochberg 1988).

    Of two tests both pass where both reach the level, and the better one alone where it reaches
    half of it. Valid for tests that do not depend on each other, or positively.
    """
    corrected, smallest = {}, 1.0
    for rank, name in enumerate(sorted(p_values, key=lambda n: -p_values[n]), 1):
        smallest = min(smallest, rank * p_values[name])
        corrected[name] = smallest
    return {name: corrected[name] for name in p_values}
