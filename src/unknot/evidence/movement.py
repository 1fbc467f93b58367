"""What moving a latent changes in the image: how much, where, and of what kind. Needs no labels."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Decode = Callable[[FloatArray], NDArray[np.floating]]
"""Codes `(num, latent_dim)` -> pixels 0..255, not rounded, `(num, channel, height, width)`."""

NUM_STARTS = 64
NUM_JACOBIANS = 32
QUANTILES = (0.16, 0.84)  # of a normal code, one standard deviation to either side
STEP = 0.02  # of the finite differences, in standard deviations of the prior
GRID = 3
ROWS, COLUMNS = ("top", "middle", "bottom"), ("left", "centre", "right")
MUCH = 0.2  # share of the change in one ninth of the picture; a ninth would be even


@dataclass(frozen=True, eq=False)
class Movement:
    """What moving each latent changes, the others left as they are. NaN for latents out of use.

    Attributes:
        change: root mean square change of a pixel, in levels of 0..255, from the 16% to the 84%
            quantile of the latent's codes, shape `(latent_dim,)`.
        per_sigma: the same over the number of posterior standard deviations that this spans.
        brightness: share of the squared change that is the same everywhere and in each channel.
        colour: share that is the same everywhere, but not in each channel; 0 for grey images.
        shape: the rest, what differs from place to place; the three add up to 1.
        where: share of the squared change in each ninth of the picture, rows from the top, shape
            `(latent_dim, 3, 3)`.
        cosine: mean absolute cosine between what small steps along two latents in use change, in
            the scale the model was trained on; 0 where no two latents do the same, NaN for fewer
            than two. A variational autoencoder keeps this low by itself (Rolinek et al. 2019).
    """

    change: FloatArray
    per_sigma: FloatArray
    brightness: FloatArray
    colour: FloatArray
    shape: FloatArray
    where: FloatArray
    cosine: float

    def kind(self, latent: int) -> str:
        """What the most of the change is: brightness, colour, shape, or nothing at all."""
        if not self.change[latent] > 0:
            return "nothing"
        kinds = ("brightness", "colour", "shape")
        return max(kinds, key=lambda name: float(getattr(self, name)[latent]))

    def place(self, latent: int) -> str:
        """Where the most of the change is, in words."""
        if not self.change[latent] > 0:
            return "nowhere"
        much = np.argwhere(self.where[latent] >= MUCH)
        return ", ".join(f"{ROWS[i]} {COLUMNS[j]}" for i, j in much) or "all over"

    def as_dict(self) -> dict[str, Any]:
        """For a JSON document; None for NaN."""
        listed: dict[str, Any] = {}
        for name, table in vars(self).items():
            array = np.atleast_1d(table).round(5).astype(object)
            array[np.isnan(np.atleast_1d(table))] = None
            listed[name] = array.tolist() if np.ndim(table) else array[0]
        used = ~np.isnan(self.change)
        latents = range(len(used))
        listed["kind"] = [self.kind(i) if used[i] else None for i in latents]
        listed["place"] = [self.place(i) if used[i] else None for i in latents]
        return listed


def movements(
    decode: Decode,
    mean: NDArray[np.floating],
    logvar: NDArray[np.floating],
    active: NDArray[np.int64],
    pixel_std: NDArray[np.floating],
) -> Movement:
    """Move every latent in use, from the codes of held-out images, and look at what changes.

    Args:
        decode: from codes to pixels.
        mean: posterior means, shape `(num, latent_dim)`.
        logvar: posterior log variances, the same shape.
        active: latents in use.
        pixel_std: what one unit of the model's scale is in levels, `(channel, height, width)`.
    """
    latent_dim = mean.shape[1]
    starts = mean[_spaced(len(mean), NUM_STARTS)].astype(np.float64)
    tables = {name: np.full(latent_dim, np.nan) for name in ("change", "per_sigma", "brightness")}
    tables |= {name: np.full(latent_dim, np.nan) for name in ("colour", "shape")}
    where = np.full((latent_dim, GRID, GRID), np.nan)
    for latent in active:
        ends = np.quantile(mean[:, latent], QUANTILES)
        sides = []
        for end in ends:
            moved = starts.copy()
            moved[:, latent] = end
            sides.append(decode(moved).astype(np.float64))
        change = sides[1] - sides[0]
        sigmas = (ends[1] - ends[0]) / np.exp(logvar[:, latent] / 2).mean()
        tables["change"][latent] = size = np.sqrt((change**2).mean())
        tables["per_sigma"][latent] = size / sigmas if sigmas > 0 else 0.0
        parts = _kinds(change)
        for name, share in zip(("brightness", "colour", "shape"), parts):
            tables[name][latent] = share
        where[latent] = _places(change)
    few = mean[_spaced(len(mean), NUM_JACOBIANS)].astype(np.float64)
    return Movement(**tables, where=where, cosine=_cosine(decode, few, active, pixel_std))


def _spaced(num: int, wanted: int) -> NDArray[np.int64]:
    return np.linspace(0, num - 1, min(num, wanted)).round().astype(np.int64)


def _kinds(change: FloatArray) -> tuple[float, float, float]:
    """Shares of the squared change that are brightness, colour, and neither."""
    total = float((change**2).mean())
    if not total:
        return float("nan"), float("nan"), float("nan")
    channels = change.mean((2, 3))
    brightness = float((channels.mean(1) ** 2).mean()) / total
    uniform = float((channels**2).mean()) / total
    return brightness, uniform - brightness, 1 - uniform


def _places(change: FloatArray) -> FloatArray:
    """Share of the squared change in each ninth of the picture, shape `(3, 3)`."""
    squares = (change**2).sum((0, 1))
    rows = [part.sum(0) for part in np.array_split(squares, GRID, axis=0)]
    ninths = np.array([[c.sum() for c in np.array_split(row, GRID)] for row in rows])
    return ninths / ninths.sum() if ninths.sum() else np.full((GRID, GRID), np.nan)


def _cosine(
    decode: Decode,
    codes: FloatArray,
    active: NDArray[np.int64],
    pixel_std: NDArray[np.floating],
) -> float:
    """Mean absolute cosine of the Jacobian's columns, by central differences."""
    if len(active) < 2:
        return float("nan")
    columns = []
    for latent in active:
        step = np.zeros(codes.shape[1])
        step[latent] = STEP
        change = (decode(codes + step) - decode(codes - step)) / pixel_std
        flat = change.reshape(len(codes), -1).astype(np.float64)
        size = np.linalg.norm(flat, axis=1, keepdims=True)
        columns.append(np.divide(flat, size, out=np.zeros_like(flat), where=size > 0))
    stacked = np.stack(columns, axis=1)
    cosines = np.abs(stacked @ stacked.transpose(0, 2, 1)).mean(0)
    return float(cosines[np.triu_indices(len(active), 1)].mean())
