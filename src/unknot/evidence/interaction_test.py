"""Is the picture more nearly a sum of what each latent does than of what rotations of them do?"""

from collections.abc import Callable
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.evidence.rotation_null import spaced_rows
from unknot.evidence.rotation_test import (
    RotationTest,
    Stops,
    check_draws,
    compare_with_rotations,
    covariance_root,
    draw_in_stages,
    read_codes,
    void_test,
)
from unknot.metrics.nulls import random_rotation

FloatArray = NDArray[np.float64]
Pictures = NDArray[np.float32]
"""Single precision, which is that of decoders and twice as fast."""
Decode = Callable[[FloatArray], Any]
"""Codes `(num, latent_dim)` -> pixels `(num, ...)`."""

NUM_STARTS = 8
PLAIN_SUM = 1e-6  # interaction of pictures that are sums but for rounding


def interaction_test(
    decode: Decode,
    codes: Any,
    *,
    rotations: int = 200,
    active_above: float = 0.0,
    stops: Stops = (),
    seed: int = 0,
) -> RotationTest:
    """Test whether two latents moved at once do what each does alone, more than rotations do.

    x(0) are the pictures of eight codes, evenly spaced, and x(i), x(i, j) those after moves of one
    standard deviation along the axes i, and i and j, of the symmetrically whitened codes. The
    statistic is

        sum over i < j of |x(i, j) - x(i) - x(j) + x(0)|^2  /  sum over i of |x(i) - x(0)|^2

    with sums over starts and pixels: 0 where the picture is a sum of what each latent does. It is
    compared with that of random rotations (Haar) of the axes, so that the p-value is exact. Moves
    are whole: an expansion around a point would see what every VAE does locally (Rolinek et al.
    2019). They go one way; that of a latent whose sign is turned differs a little, and as much for
    rotations.

    It is void for fewer than two active latents, where the picture is a plain sum whatever the
    rotation (a linear decoder), and where moves change nothing. It costs
    `8 k (k + 1) / 2 (1 + rotations) + 8` decoded pictures for k active latents: 33,776 for six.

    Args:
        decode: gives pixels, shape `(num, ...)`, of codes, shape `(num, latent_dim)`, at least 168
            of them at once for six latents. Pixels should not be rounded: rounding acts as an
            interaction of its own along all axes, and hides a small one.
        codes: posterior means of held-out images, shape `(num, latent_dim)`.
        rotations: draws of the null; the least p-value is `1 / (1 + rotations)`.
        active_above: latents whose variance is not above this are not moved; 0.01 is right for
            posterior means of a VAE.
        stops: see `unknot.evidence.rotation_test.draw_in_stages`.
        seed: of the rotations.

    Raises:
        UserError: if an argument does not fit, or `decode` gives something else than pictures.
    """
    checked = read_codes("codes", codes, active_above)
    check_draws(rotations, seed)
    if checked.too_few:
        return void_test(checked.too_few, rotations, checked.excluded)
    starts = checked.values[spaced_rows(len(checked.values), NUM_STARTS)]
    unmoved = _pictures(decode, starts)
    moves = np.zeros((int(checked.active.sum()), checked.values.shape[1]))
    moves[:, checked.active] = covariance_root(checked.latents)
    rng = np.random.default_rng([seed, *b"interaction test"])
    statistic = interaction(decode, starts, unmoved, moves)

    def draw(num: int) -> list[float]:
        turns = [random_rotation(len(moves), rng) for _ in range(num)]
        return [interaction(decode, starts, unmoved, turn.T @ moves) for turn in turns]

    draws = draw_in_stages(
        draw, rotations, stops, lambda draws: (1 + (draws <= statistic).sum()) / (1 + len(draws))
    )
    if not np.isfinite([statistic, *draws]).all():
        return void_test("moving the latents changes nothing", len(draws), checked.excluded)
    if max(statistic, draws.max()) < PLAIN_SUM:
        reason = "each latent just adds its own change to the picture, and so would any mix of them"
        return void_test(reason, len(draws), checked.excluded)
    return compare_with_rotations(statistic, draws, checked.excluded, low_stands_out=True)


def interaction(decode: Decode, starts: FloatArray, unmoved: Pictures, moves: FloatArray) -> float:
    """Measure by how much two moves at once differ from their sum.

    Args:
        decode: gives pictures of codes.
        starts: codes that moves begin at, shape `(num_starts, latent_dim)`.
        unmoved: their pictures, shape `(num_starts, num_pixels)`.
        moves: one for each direction, shape `(num_directions, latent_dim)`.

    Returns:
        The sum over pairs of directions of the squared difference, over the sum of the squared
        single moves: 0 where the picture is a sum; NaN where moves change nothing.
    """
    num = len(moves)
    pairs = list(combinations(range(num), 2))
    steps = np.concatenate([moves, np.stack([moves[i] + moves[j] for i, j in pairs])])
    moved_codes = (starts + steps[:, None]).reshape(-1, starts.shape[1])
    changes = _pictures(decode, moved_codes).reshape(len(steps), *unmoved.shape)
    changes -= unmoved
    size = _sum_of_squares(changes[:num])
    excess = sum(
        _sum_of_squares(both - changes[i] - changes[j])
        for both, (i, j) in zip(changes[num:], pairs)
    )
    return excess / size if size > 0 else float("nan")


def _pictures(decode: Decode, codes: FloatArray) -> Pictures:
    """Decode codes and check that there is a picture of each, shape `(num, num_pixels)`."""
    pictures = np.asarray(decode(codes), np.float32)
    if pictures.ndim < 2 or len(pictures) != len(codes):
        raise UserError(
            f"decode gave shape {pictures.shape} for {len(codes)} codes; it must give "
            f"({len(codes)}, ...), a picture of each"
        )
    if not np.isfinite(pictures).all():
        raise UserError("what decode gave is not finite; a picture needs numbers in every pixel")
    return pictures.reshape(len(codes), -1)


def _sum_of_squares(changes: Pictures) -> float:
    flat = changes.ravel()
    return float(flat @ flat)
