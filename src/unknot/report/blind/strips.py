"""Strips of pictures along lines through the codes, two and two with the same mean change."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unknot.evidence.interaction_test import Decode

FloatArray = NDArray[np.float64]

NUM_PICTURES = 7
REACH = 2.0
"""How far a strip goes to either side at most, in standard deviations of the codes."""
STEPS = 5  # towards the reach that gives the same change
CLOSE = 0.01
"""How far a change may be from the one that is wanted, as a share of it."""
DECODED_AT_ONCE = 128


class Lines(NamedTuple):
    """Straight lines through the codes of one model.

    Attributes:
        decode: from codes to pixels 0..255, not rounded.
        centers: of the lines, shape `(num, latent_dim)`.
        moves: one standard deviation along each line, the same shape.
    """

    decode: Decode
    centers: FloatArray
    moves: FloatArray

    def rows(self, chosen: NDArray[np.int64]) -> "Lines":
        """Take some of the lines."""
        return self._replace(centers=self.centers[chosen], moves=self.moves[chosen])

    def ends(self, reach: FloatArray) -> FloatArray:
        """Give the first and the last code of strips of some reach, `(num, 2, latent_dim)`."""
        moves = reach[:, None] * self.moves
        return np.stack([self.centers - moves, self.centers + moves], axis=1)


class EqualStrips(NamedTuple):
    """Pairs of strips that change the picture equally.

    Attributes:
        first: ends of the first strip of each pair, shape `(num, 2, latent_dim)`.
        second: of the second one.
        change: of both, as of `mean_changes`, shape `(num,)`.
    """

    first: FloatArray
    second: FloatArray
    change: FloatArray


def latent_lines(
    decode: Decode,
    codes: FloatArray,
    rows: NDArray[np.int64],
    latents: Sequence[int],
    signs: FloatArray,
) -> Lines:
    """Make lines along single latents, around the mean of their codes.

    Args:
        decode: from codes to pixels 0..255, not rounded.
        codes: of all test images, shape `(num, latent_dim)`.
        rows: which of them each line goes through, but for the latent that it moves.
        latents: which one each line moves.
        signs: -1 for a line that begins with the highest code, else 1.
    """
    centers = codes[rows]
    moves = np.zeros_like(centers)
    at = np.arange(len(centers)), np.asarray(latents)
    centers[at] = codes.mean(0)[at[1]]
    moves[at] = signs * codes.std(0)[at[1]]
    return Lines(decode=decode, centers=centers, moves=moves)


def mean_changes(decode: Decode, ends: FloatArray) -> FloatArray:
    """Measure by how much the pictures of strips differ from the one in their middle.

    Args:
        decode: from codes to pixels 0..255, not rounded.
        ends: first and last code of each strip, shape `(num, 2, latent_dim)`.

    Returns:
        The root mean square difference of a pixel, mean over the other six pictures, in levels of
        0..255, shape `(num,)`.
    """
    if not len(ends):
        return np.empty(0)
    share = np.linspace(0, 1, NUM_PICTURES)[:, None]
    codes = (1 - share) * ends[:, :1] + share * ends[:, 1:]
    flat = codes.reshape(-1, codes.shape[-1])
    parts = [
        np.asarray(decode(flat[i : i + DECODED_AT_ONCE]), np.float32).reshape(
            len(flat[i : i + DECODED_AT_ONCE]), -1
        )
        for i in range(0, len(flat), DECODED_AT_ONCE)
    ]
    pictures = np.clip(np.concatenate(parts), 0, 255).reshape(len(ends), NUM_PICTURES, -1)
    middle = NUM_PICTURES // 2
    differences = pictures - pictures[:, middle : middle + 1]
    sizes = np.sqrt((differences**2).mean(-1, dtype=np.float64))
    return np.asarray(sizes.sum(1) / (NUM_PICTURES - 1))


def equal_strips(first: Lines, second: Lines) -> EqualStrips:
    """Shorten the strip of each pair that changes the picture more, until both change it equally.

    No strip goes further than `REACH` to either side, where the model has seen images.

    Args:
        first: lines of the first strips.
        second: lines of the second ones, as many.
    """
    longest = np.full(len(first.centers), REACH)
    changes = [mean_changes(lines.decode, lines.ends(longest)) for lines in (first, second)]
    target = np.minimum(*changes)
    reaches = [_reach_for(lines, target, change) for lines, change in zip((first, second), changes)]
    return EqualStrips(first=first.ends(reaches[0]), second=second.ends(reaches[1]), change=target)


def _reach_for(lines: Lines, target: FloatArray, longest: FloatArray) -> FloatArray:
    """Find the reach of a given change by the Illinois method (Dowell and Jarratt 1971).

    Args:
        lines: of the strips.
        target: change that is wanted, at most `longest`.
        longest: change of strips of the whole reach.
    """
    reach = np.full(len(target), REACH)
    open_rows = np.flatnonzero(longest > target)
    low, high = np.zeros(len(target)), reach.copy()
    low_excess, high_excess = -target, longest - target
    was_above = np.zeros(len(target), np.bool_)
    for _ in range(STEPS):
        rows = open_rows
        span = high_excess[rows] - low_excess[rows]
        guess = (low[rows] * high_excess[rows] - high[rows] * low_excess[rows]) / span
        excess = mean_changes(lines.decode, lines.rows(rows).ends(guess)) - target[rows]
        reach[rows], is_above = guess, excess > 0
        weight = np.where(is_above == was_above[rows], 0.5, 1.0)  # of the end that stays again
        low[rows] = np.where(is_above, low[rows], guess)
        high[rows] = np.where(is_above, guess, high[rows])
        low_excess[rows] = np.where(is_above, weight * low_excess[rows], excess)
        high_excess[rows] = np.where(is_above, excess, weight * high_excess[rows])
        was_above[rows] = is_above
        open_rows = rows[np.abs(excess) > CLOSE * target[rows]]
    return reach
