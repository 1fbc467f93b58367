"""Values that a configuration refuses."""

import math
from typing import Any, Literal, get_args, get_origin

from unknot.common.errors import UserError
from unknot.common.machine import memory_bytes
from unknot.common.plugins import check_choice
from unknot.common.toml import type_hints

MOST = 2**63 - 1  # what TOML, NumPy and torch can hold
SMALLEST, LARGEST = 1e-15, 1e15  # numbers that are squared in single precision
PROCESS_BYTES = 300 << 20  # of Python and torch, which each process has
STEPS_PER_SECOND = 10_000  # more than any machine computes
SECONDS_OF_RUN, MOST_RUNS = 1, 100_000
SECONDS_OF_YEAR = 365 * 86_400


def at_least(name: str, value: int, least: int) -> None:
    """Refuse a whole number below the least that makes sense, or of more than 64 bits.

    Raises:
        UserError: names the field.
    """
    if value < least:
        raise UserError(f"{name} is {value}; it must be at least {least}")
    if value > MOST:
        raise UserError(f"{name} is {value}; it must be at most {MOST:,}")


def doable(steps: int) -> None:
    """Refuse steps that no machine could finish within a year.

    The estimate is the shortest time that there is: `steps / 10,000` seconds.

    Raises:
        UserError: says how long they take.
    """
    years = steps / STEPS_PER_SECOND / SECONDS_OF_YEAR
    if years > 1:
        raise UserError(
            f"steps is {steps}; even at {STEPS_PER_SECOND:,} a second, which no machine computes, "
            f"they take {years:,.0f} years; give fewer"
        )


def doable_runs(num: int) -> None:
    """Refuse more runs than an experiment can have.

    The estimate is the shortest time that there is, with scores and pictures: one second a run.

    Raises:
        UserError: says how long they take.
    """
    if num > MOST_RUNS:
        days = num * SECONDS_OF_RUN / 86_400
        raise UserError(
            f"{num:,} runs are asked for; even at {SECONDS_OF_RUN} second each, with scores and "
            f"pictures, they take {days:,.0f} days: give fewer betas or seeds, at most "
            f"{MOST_RUNS:,} runs"
        )


def check_processes(workers: int) -> None:
    """Refuse more processes than the memory holds, and fewer than one.

    The estimate is what each has before it computes anything: Python and torch, 0.3 GB.

    Raises:
        UserError: says how much memory they take.
    """
    at_least("workers", workers, 1)
    needed, there = workers * PROCESS_BYTES, memory_bytes()
    if needed > there:
        raise UserError(
            f"workers is {workers:,}: so many processes take about {gigabytes(needed)} of memory, "
            f"and this machine has {gigabytes(there)}; give fewer"
        )


def gigabytes(size: float) -> str:
    """Write a number of bytes in GB: `0.5 GB`, `24 GB`."""
    return f"{size / 1e9:,.1f} GB" if size < 1e10 else f"{size / 1e9:,.0f} GB"


def positive(name: str, value: float) -> None:
    """Refuse what is no finite number above 0, or one whose square is none in single precision.

    Raises:
        UserError: names the field.
    """
    if not (math.isfinite(value) and value > 0):
        raise UserError(f"{name} is {value}; it must be a finite number above 0")
    if not SMALLEST <= value <= LARGEST:
        raise UserError(f"{name} is {value}; it must be from {SMALLEST:g} to {LARGEST:g}")


def check_choices(config: Any) -> None:
    """Refuse what the `Literal` of its field does not list.

    Args:
        config: a dataclass.

    Raises:
        UserError: names the field and what it can be.
    """
    for name, hint in type_hints(config.__class__).items():
        value, parts = getattr(config, name), (hint, *get_args(hint))
        choices = [c for part in parts if get_origin(part) is Literal for c in get_args(part)]
        is_left_out = value is None and type(None) in parts
        if choices and not is_left_out:
            check_choice(name, value, choices)
