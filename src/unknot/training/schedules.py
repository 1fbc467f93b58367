"""Learning rate and beta as functions of the step; and at which steps pictures are taken."""

import math
from collections.abc import Sequence
from typing import NamedTuple

FINAL_SHARE = 0.01


class Rise(NamedTuple):
    """How long the learning rate rises: a share of the steps, but at least so many."""

    share: float
    least: int


RISES = {"one_cycle": Rise(0.1, 200), "short_rise": Rise(0.05, 50)}
"""Schedule -> its rise. ReLU networks die when Adam's first updates are large; Muon's are not."""


def one_cycle(step: int, steps: int, peak: float, rise: Rise) -> float:
    """Rise linearly, then fall by half a cosine to a hundredth.

    After Smith and Topin 2019, with one cosine for the fall. Where half of the run is shorter than
    the least rise, it ends lower.

    Args:
        step: from 0.
        steps: how many there will be.
        peak: the highest rate, which a run shorter than two least rises does not come to.
        rise: how long it rises.
    """
    num_rising = max(round(rise.share * steps), rise.least)
    end = max(1, min(num_rising, steps // 2))
    top = peak * end / num_rising
    if step < end:
        return top * (step + 1) / end
    progress = (step - end) / max(1, steps - end)
    return top * (FINAL_SHARE + (1 - FINAL_SHARE) * 0.5 * (1 + math.cos(math.pi * progress)))


def learning_rate(schedule: str, step: int, part_ends: Sequence[int], peak: float) -> float:
    """The learning rate of a step.

    Args:
        schedule: `constant`, or a name in `RISES`, whose cycle each part of a continued training
            goes through anew (a warm restart: Loshchilov and Hutter 2017).
        step: from 0.
        part_ends: the number of steps after which each part ends, ascending.
        peak: the highest rate.
    """
    if schedule == "constant":
        return peak
    start = max((end for end in part_ends if end <= step), default=0)
    end = next(end for end in part_ends if end > step)
    return one_cycle(step - start, end - start, peak, RISES[schedule])


def beta_at(step: int, beta: float, warmup: int, rise: str) -> float:
    """Beta rising from 0 over `warmup` steps; 0 steps for a constant one.

    Args:
        step: from 0.
        beta: that it rises to.
        warmup: steps.
        rise: `linear`, or `square`: with the square of the step.
    """
    share = min(1.0, step / warmup) if warmup else 1.0
    return beta * (share**2 if rise == "square" else share)


def frame_steps(steps: int, num: int = 40) -> list[int]:
    """About `num` steps from 0 to `steps`, evenly spaced on a logarithmic scale."""
    spaced = {round(math.expm1(math.log1p(steps) * i / (num - 1))) for i in range(num)}
    return sorted(spaced | {0, steps})
