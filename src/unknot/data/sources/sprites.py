"""Built-in sprites: a grid of five discrete factors -> pixels, drawn by array code.

A sprite is one white shape on black. None of the shapes looks the same after a part of a turn, so
every combination of levels is a picture of its own. Edges are soft over one pixel by the distance
to the outline. Positions are whole pixels apart, so a picture is a window of a template with
black all round, of which there is one for each shape, scale and orientation.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.floating]

FACTOR_NAMES = ("shape", "scale", "orientation", "position_x", "position_y")
"""The factors in column order, each a level that counts from 0."""

SHAPES = ("drop", "corner", "arrow")
"""What the levels of `shape` look like."""

NUM_LEVELS = (3, 6, 40, 32, 32)
"""How many levels each factor has: 737,280 combinations."""

VERSION = 1  # part of the cache key: raise it when the drawing changes
DEFAULT_NUM = 50_000
SIZES = (32, 64, 128)
CHUNK = 256  # images drawn at once

GRID = 64  # lengths are in 64ths of the image: the step between two positions
RADIUS = 15.5  # of the circle that holds any shape at the largest scale
WINDOW = 33  # what a template's shape may touch; 31 steps to the last position fill an image
SCALES = np.linspace(0.5, 1, NUM_LEVELS[1])


def sample_factors(num: int, *, seed: int) -> NDArray[np.int64]:
    """Draw combinations of levels uniformly; all differ as long as there are enough.

    Args:
        num: how many sprites.
        seed: the same seed gives the same factors on every machine.

    Returns:
        Levels, shape `(num, 5)`, columns as in `FACTOR_NAMES`.
    """
    rng = np.random.Generator(np.random.PCG64(seed))
    total = int(np.prod(NUM_LEVELS))
    numbers = rng.permutation(total)[:num] if num <= total else rng.integers(total, size=num)
    return np.stack(np.unravel_index(numbers, NUM_LEVELS), axis=1)


def draw_sprites(factors: NDArray[np.number], *, size: int = 64) -> NDArray[np.uint8]:
    """Draw a sprite for each row of factors.

    Args:
        factors: levels from 0, shape `(num, 5)`: `shape` (drop, corner, arrow), `scale` (6, half
            to full size), `orientation` (40, each 9 degrees further counterclockwise),
            `position_x` (32, from the left) and `position_y` (32, from the top).
        size: height and width in pixels: 32, 64 or 128.

    Returns:
        Images, shape `(num, 1, size, size)`.

    Raises:
        ValueError: if a level is missing, not whole or not there, or the size is another.
    """
    levels = _levels(factors)
    if size not in SIZES:
        raise ValueError(f"size is {size}; draw_sprites can draw {', '.join(map(str, SIZES))}")
    images = np.empty((len(levels), 1, size, size), np.uint8)
    for start in range(0, len(levels), CHUNK):
        chunk = slice(start, start + CHUNK)
        fine = _place(levels[chunk], max(size, GRID))
        if size < GRID:
            blocks = fine.reshape(len(fine), size, GRID // size, size, GRID // size)
            fine = (blocks.mean((2, 4), dtype=np.float32) + np.float32(0.5)).astype(np.uint8)
        images[chunk, 0] = fine
    return images


def _levels(factors: NDArray[np.number]) -> NDArray[np.int64]:
    """The factors as whole numbers, if that is what they are."""
    factors = np.asarray(factors)
    if factors.ndim != 2 or factors.shape[1] != len(FACTOR_NAMES):
        raise ValueError(
            f"factors has shape {factors.shape}; draw_sprites needs (num, {len(FACTOR_NAMES)}): "
            f"{', '.join(FACTOR_NAMES)}"
        )
    there = (factors >= 0) & (factors < NUM_LEVELS) & (factors == np.floor(factors))
    for column in np.flatnonzero(~there.all(0)):
        raise ValueError(
            f"{FACTOR_NAMES[column]} is {factors[~there[:, column], column][0]}; it must be a "
            f"whole number from 0 to {NUM_LEVELS[column] - 1}"
        )
    return factors.astype(np.int64)


def _place(levels: NDArray[np.int64], size: int) -> NDArray[np.uint8]:
    """Cut each picture out of its template, shape `(num, size, size)`."""
    shape, scale, orientation, x, y = levels.T
    step, last = size // GRID, NUM_LEVELS[3] - 1
    windows = np.lib.stride_tricks.sliding_window_view(_templates(size), (size, size), (3, 4))
    placed: NDArray[np.uint8] = windows[
        shape, scale, orientation, (last - y) * step, (last - x) * step
    ]
    return placed


@lru_cache(maxsize=len(SIZES))
def _templates(size: int) -> NDArray[np.uint8]:
    """Every shape, scale and orientation at the last position, with black before it.

    Returns:
        Shape `(3, 6, 40, side, side)`, where a side has room for a picture at either end.
    """
    step = size // GRID
    room = (NUM_LEVELS[3] - 1) * step
    templates = np.zeros((*NUM_LEVELS[:3], size + room, size + room), np.uint8)
    inner = slice(room, room + WINDOW * step)
    line = (np.arange(WINDOW * step) + 0.5) / step - WINDOW / 2
    angles = np.arange(NUM_LEVELS[2])[:, None, None] * (2 * np.pi / NUM_LEVELS[2])
    x = np.cos(angles) * line - np.sin(angles) * line[:, None]
    y = -np.sin(angles) * line - np.cos(angles) * line[:, None]
    for shape, outline in enumerate(_outlines()):
        for scale, factor in enumerate(SCALES):
            cover = np.clip(_distance(x, y, outline * factor) * step + 0.5, 0, 1)
            templates[shape, scale, :, inner, inner] = cover * 255 + 0.5
    templates.flags.writeable = False
    return templates


def _outlines() -> list[FloatArray]:
    """The corners of each shape at the largest scale, the center of its area at the origin.

    The shapes have the same area, and the one that reaches out furthest reaches `RADIUS`.
    """
    tip, turn = 2.3, np.arccos(1 / 2.3)  # the straight sides leave the drop's circle at a tangent
    arc = np.linspace(turn, 2 * np.pi - turn, 24)
    drop = [(tip, 0), *zip(np.cos(arc), np.sin(arc))]
    corner = [(0, 0), (2.9, 0), (2.9, 1.2), (1.2, 1.2), (1.2, 4.2), (0, 4.2)]
    head = [(2.2, -1.5), (4.2, 0), (2.2, 1.5)]
    arrow = [(0, -0.45), (2.2, -0.45), *head, (2.2, 0.45), (0, 0.45)]
    outlines = [_centered(np.array(outline)) for outline in (drop, corner, arrow)]
    reach = max(np.hypot(*outline.T).max() for outline in outlines)
    return [outline * (RADIUS / reach) for outline in outlines]


def _centered(outline: FloatArray) -> FloatArray:
    """The same shape with area 1 and the center of its area at the origin."""
    following = np.roll(outline, -1, axis=0)
    crosses = outline[:, :1] * following[:, 1:] - following[:, :1] * outline[:, 1:]
    area = crosses.sum() / 2
    center = ((outline + following) * crosses).sum(0) / (6 * area)
    centered: FloatArray = (outline - center) / np.sqrt(area)
    return centered


def _distance(x: FloatArray, y: FloatArray, outline: FloatArray) -> FloatArray:
    """Distance to a closed line of straight pieces, positive inside."""
    nearest = np.full(x.shape, np.inf)
    inside = np.zeros(x.shape, bool)
    for (x0, y0), (x1, y1) in zip(outline, np.roll(outline, -1, axis=0)):
        across, up, p, q = x1 - x0, y1 - y0, x - x0, y - y0
        along = np.clip((p * across + q * up) / (across**2 + up**2), 0, 1)
        nearest = np.minimum(nearest, (p - along * across) ** 2 + (q - along * up) ** 2)
        # a ray to the right of the pixel meets this piece: an odd number of meetings is inside
        inside ^= ((y0 > y) != (y1 > y)) & ((p * up < q * across) == (up > 0))
    return np.where(inside, 1, -1) * np.sqrt(nearest)
