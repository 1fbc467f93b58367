"""What the page's charts are drawn from: runs by name, numbers with few digits, thinned lines."""

from collections.abc import Iterable, Sequence
from math import isfinite
from typing import Any, TypeVar

from unknot.runs.run import Run

DIGITS = 4  # of a number in a chart
MAX_POINTS = 200  # of a curve

Line = TypeVar("Line")


def chart_run(run: Run) -> dict[str, Any]:
    """Name a run for a chart, with what decides its color, its shape and its place."""
    config = run.config
    return {
        "name": run.name,
        "setting": config.setting,
        "beta": config.beta,
        "seed": config.seed,
    }


def rounded(value: float | None) -> float | None:
    """Round to four digits that count; None for what is no finite number."""
    if value is None or not isfinite(value):
        return None
    return float(f"{value:.{DIGITS}g}")


def all_rounded(values: Iterable[float | None]) -> list[float | None]:
    """Round every number of a list."""
    return [rounded(value) for value in values]


def thinned(lines: Sequence[Line]) -> Sequence[Line]:
    """Take at most 200 evenly spaced lines, the first and the last among them."""
    if len(lines) <= MAX_POINTS:
        return lines
    last = len(lines) - 1
    return [lines[round(i * last / (MAX_POINTS - 1))] for i in range(MAX_POINTS)]
