"""How betas can be dealt anew to the runs, what so many runs can tell, and looks at them."""

from collections.abc import Sequence
from itertools import combinations, permutations
from math import comb, factorial

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.config import LOOKS

Deals = NDArray[np.int64]

LEVEL = 0.05
MAX_DEALS = 2_000  # with more, so many are drawn
EARLY_WEIGHT, LAST_WEIGHT = 3, 4  # by which looks share the level


def deal_betas(num_seeds: int, num_betas: int, *, level: float = LEVEL, seed: int = 0) -> Deals:
    """Deal the runs anew to the betas: within each seed, or across, for two betas of few seeds.

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
        return _deals_across_seeds(num_seeds, rng)
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
    """Whether runs are dealt across seeds: of two betas, where within seeds there are too few."""
    return num_betas == 2 and 0.5**num_seeds > level


def _deals_across_seeds(num_seeds: int, rng: np.random.Generator) -> Deals:
    """Deals of all runs to two betas, whatever their seeds."""
    runs = np.arange(2 * num_seeds)
    if comb(len(runs), num_seeds) <= MAX_DEALS:
        lowest = np.array(list(combinations(runs, num_seeds)))
    else:
        shuffled = rng.permuted(np.broadcast_to(runs, (MAX_DEALS, len(runs))), axis=1)
        lowest = np.sort(shuffled[:, :num_seeds], axis=1)
        lowest[0] = runs[::2]  # the observed deal
    deals = [np.stack([low, np.setdiff1d(runs, low)], axis=1) for low in lowest]
    return np.array(deals)


def least_p_value(num_seeds: int, num_betas: int, level: float = LEVEL) -> float:
    """Compute the smallest p-value that so many seeds and betas can reach.

    Within seeds, the lowest beta must have the least z of each seed and another the largest of
    each: `(K - 1) ((K - 2)!)^S` of `(K!)^S` deals of K betas and S seeds.

    Args:
        num_seeds: of each beta.
        num_betas: the lowest among them.
        level: of the test; two betas are dealt within seeds only where that can reach it.
    """
    if _crosses_seeds(num_seeds, num_betas, level):
        return max(1 / comb(2 * num_seeds, num_seeds), 1 / MAX_DEALS)
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
