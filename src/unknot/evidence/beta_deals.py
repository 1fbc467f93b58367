"""How betas can be dealt anew to the runs, what so many runs can tell, and looks at them."""

from collections.abc import Iterator, Sequence
from itertools import combinations, permutations
from math import factorial

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.config.experiment import LOOKS

Deals = NDArray[np.int64]

LEVEL = 0.05
NUM_BASES = 2  # labels and pictures, that may share the level
FEW_SEEDS = 3  # up to so many, runs are dealt across them
MAX_DEALS = 2_000  # with more, so many are drawn
EARLY_WEIGHT, LAST_WEIGHT = 3, 4  # by which looks share the level


def deal_betas(num_seeds: int, num_betas: int, *, level: float = LEVEL, seed: int = 0) -> Deals:
    """Deal the runs anew to the betas: within each seed, or across, for few seeds.

    Up to three seeds are dealt across, and two betas of so few seeds that dealing within them
    cannot reach half of the level, which one of two bases may need.

    Args:
        num_seeds: of each beta.
        num_betas: the lowest among them.
        level: of the test; two betas are dealt within seeds only where that can reach it.
        seed: of the deals, where there are more than 2,000 and so many are drawn.

    Returns:
        Number of the run that is put at each place, shape `(num_deals, num_seeds, num_betas)`. Runs
        are numbered along the rows of a table of seeds and betas. The observed deal is among them.
    """
    rng = np.random.default_rng([seed, *b"beta deals"])
    if _crosses_seeds(num_seeds, num_betas, level):
        return _deals_across_seeds(num_seeds, num_betas, rng)
    first = np.arange(num_seeds)[:, None] * num_betas
    num_orders = factorial(num_betas)
    if num_orders**num_seeds <= MAX_DEALS:
        all_orders = np.array(list(permutations(range(num_betas))))
        chosen = np.indices((num_orders,) * num_seeds).reshape(num_seeds, -1).T
        return np.asarray(first + all_orders[chosen])
    shape = (MAX_DEALS, num_seeds, num_betas)
    orders = rng.permuted(np.broadcast_to(np.arange(num_betas), shape), axis=-1)
    orders[0] = np.arange(num_betas)
    return np.asarray(first + orders)


def _crosses_seeds(num_seeds: int, num_betas: int, level: float) -> bool:
    """Whether runs are dealt across seeds: where there are few within them.

    Within three seeds, the best of three betas is missed in half of the cases if the others are
    alike: of 216 deals 16 give it the same runs. Two betas cannot reach half of 5%, which one basis
    of two may need, within five seeds. Across seeds the test is exact where seeds do not differ,
    and careful where they do.
    """
    return num_seeds <= FEW_SEEDS or (num_betas == 2 and 0.5**num_seeds > level / NUM_BASES)


def _num_across_seeds(num_seeds: int, num_betas: int) -> int:
    """Ways to deal all runs to the betas."""
    return factorial(num_seeds * num_betas) // factorial(num_seeds) ** num_betas


def _deals_across_seeds(num_seeds: int, num_betas: int, rng: np.random.Generator) -> Deals:
    """Deals of all runs to the betas, whatever their seeds."""
    runs = np.arange(num_seeds * num_betas)
    if _num_across_seeds(num_seeds, num_betas) <= MAX_DEALS:
        all_groups = np.array(list(_groupings(tuple(runs.tolist()), num_seeds)))
    else:
        shuffled = rng.permuted(np.broadcast_to(runs, (MAX_DEALS, len(runs))), axis=1)
        shuffled[0] = runs.reshape(num_seeds, num_betas).T.ravel()  # the observed deal
        all_groups = shuffled.reshape(MAX_DEALS, num_betas, num_seeds)
    return all_groups.transpose(0, 2, 1)


def _groupings(runs: tuple[int, ...], size: int) -> Iterator[list[tuple[int, ...]]]:
    """Every way to deal runs to groups of a size."""
    if not runs:
        yield []
        return
    for first in combinations(runs, size):
        rest = tuple(run for run in runs if run not in first)
        for others in _groupings(rest, size):
            yield [first, *others]


def least_p_value(num_seeds: int, num_betas: int, level: float = LEVEL) -> float:
    """Compute the smallest p-value that so many seeds and betas can reach.

    The lowest beta must have the least z of each seed and another the largest of
    each: within seeds `(K - 1) ((K - 2)!)^S` of `(K!)^S` deals of K betas and S seeds.

    Args:
        num_seeds: of each beta.
        num_betas: the lowest among them.
        level: of the test; two betas are dealt within seeds only where that can reach it.
    """
    if _crosses_seeds(num_seeds, num_betas, level):
        between = _num_across_seeds(num_seeds, num_betas - 2)
        across = (num_betas - 1) * between / _num_across_seeds(num_seeds, num_betas)
        return max(across, 1 / MAX_DEALS)
    within = (num_betas - 1) / (num_betas * (num_betas - 1)) ** num_seeds
    return max(within, 1 / MAX_DEALS)


def look_levels(
    looks: Sequence[int] = LOOKS, num_betas: int = 3, level: float = LEVEL
) -> tuple[float, ...]:
    """Share a level over several looks at a growing number of seeds.

    The last look has four parts of the level and every other one three; they add up to it, so that
    the chance of any false support stays below it. Looks that could not reach their level are
    skipped, and the others share it.

    Args:
        looks: numbers of seeds at which the test is made, ascending.
        num_betas: the lowest among them.
        level: of all looks together.

    Returns:
        The level of each look; 0 for one that is skipped. For 3, 5 and 8 seeds of three betas
        (.015, .015, .02).

    Raises:
        UserError: if there is no look, or they do not ascend.
    """
    if not looks or list(looks) != sorted(set(looks)) or looks[0] < 1:
        raise UserError(f"looks are {tuple(looks)}; give numbers of seeds that ascend, as 3, 5, 8")
    kept = list(looks)
    while kept:
        weights = [EARLY_WEIGHT] * (len(kept) - 1) + [LAST_WEIGHT]
        levels = {look: level * w / sum(weights) for look, w in zip(kept, weights)}
        out_of_reach = [k for k in kept if least_p_value(k, num_betas, levels[k]) > levels[k]]
        if not out_of_reach:
            return tuple(levels.get(look, 0.0) for look in looks)
        kept.remove(out_of_reach[0])
    return (0.0,) * len(looks)
