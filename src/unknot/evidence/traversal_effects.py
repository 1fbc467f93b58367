"""What moving a latent changes in the image: how much, where, and of what kind. Needs no labels."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.runs.field_types import read_array

FloatArray = NDArray[np.float64]
Decode = Callable[[FloatArray], NDArray[np.floating]]
"""Codes `(num, latent_dim)` -> pixels 0..255, not rounded, `(num, channel, height, width)`."""

NUM_STARTS = 64
NUM_JACOBIANS = 32
QUANTILES = (0.16, 0.84)  # of a normal code, one standard deviation to either side
STEP = 0.02  # of the finite differences, in standard deviations of the prior
GRID = 3
NINTHS = (
    ("top left", "top", "top right"),
    ("left", "center", "right"),
    ("bottom left", "bottom", "bottom right"),
)
LARGE_SHARE = 0.2  # share of the change in one ninth of the picture; a ninth would be even


@dataclass(frozen=True, eq=False)
class TraversalEffects:
    """What moving each latent changes, the others left as they are; NaN for collapsed latents.

    Attributes:
        change: root mean square change of a pixel, in levels of 0..255, from the 16% to the 84%
            quantile of the latent's values, shape `(latent_dim,)`.
        change_per_posterior_std: the same over the number of posterior standard deviations that
            this spans.
        brightness: share of the squared change that is the same everywhere and in each channel.
        color: share that is the same everywhere, but not in each channel; 0 for grey images.
        shape: the rest, what differs from place to place; the three add up to 1.
        change_map: share of the squared change in each ninth of the picture, rows from the top,
            shape `(latent_dim, 3, 3)`.
        jacobian_cosine: mean absolute cosine between what small steps along two active latents
            change, in the scale the model was trained on; 0 where no two latents do the same, NaN
            for fewer than two. A variational autoencoder keeps this low by itself (Rolinek et al.
            2019).
    """

    change: FloatArray
    change_per_posterior_std: FloatArray
    brightness: FloatArray
    color: FloatArray
    shape: FloatArray
    change_map: FloatArray
    jacobian_cosine: float

    def change_kind(self, latent: int) -> str:
        """Name what most of the change is: brightness, color, shape, or nothing at all."""
        if not self.change[latent] > 0:
            return "nothing"
        shares = {
            "brightness": self.brightness[latent],
            "color": self.color[latent],
            "shape": self.shape[latent],
        }
        return max(shares, key=lambda kind: float(shares[kind]))

    def change_region(self, latent: int) -> str:
        """Say in words where most of the change is."""
        if not self.change[latent] > 0:
            return "nowhere"
        ninths = np.argwhere(self.change_map[latent] >= LARGE_SHARE)
        return ", ".join(NINTHS[i][j] for i, j in ninths) or "all over"

    def as_dict(self) -> dict[str, Any]:
        """The fields for a JSON document, None for NaN, with kind and region in words."""
        is_active = ~np.isnan(self.change)
        kinds = [self.change_kind(i) if active else None for i, active in enumerate(is_active)]
        regions = [self.change_region(i) if active else None for i, active in enumerate(is_active)]
        return {
            "change": _as_list(self.change),
            "change_per_posterior_std": _as_list(self.change_per_posterior_std),
            "brightness": _as_list(self.brightness),
            "color": _as_list(self.color),
            "shape": _as_list(self.shape),
            "change_map": _as_list(self.change_map),
            "jacobian_cosine": _as_list(np.array(self.jacobian_cosine)),
            "change_kind": kinds,
            "change_region": regions,
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "TraversalEffects":
        """Read back what `as_dict` gave.

        Raises:
            UnfitError: if an array has another shape than the others say.
        """
        cosine, num = document["jacobian_cosine"], len(document["change"])
        names = ("change", "change_per_posterior_std", "brightness", "color", "shape")
        return cls(
            change_map=read_array(document, "change_map", (num, GRID, GRID)),
            **{name: read_array(document, name, (num,)) for name in names},
            jacobian_cosine=float("nan") if cosine is None else cosine,
        )


def traversal_effects(
    decode: Decode,
    mean: NDArray[np.floating],
    logvar: NDArray[np.floating],
    active: NDArray[np.int64],
    pixel_std: NDArray[np.floating],
) -> TraversalEffects:
    """Move every active latent, from the codes of held-out images, and measure what changes.

    Args:
        decode: from codes to pixels.
        mean: posterior means, shape `(num, latent_dim)`.
        logvar: posterior log variances, the same shape.
        active: indices of the active latents.
        pixel_std: what one unit of the model's scale is in levels, `(channel, height, width)`.
    """
    latent_dim = mean.shape[1]
    starts = mean[_spaced(len(mean), NUM_STARTS)].astype(np.float64)
    change, per_std = np.full(latent_dim, np.nan), np.full(latent_dim, np.nan)
    kinds = np.full((latent_dim, 3), np.nan)
    change_map = np.full((latent_dim, GRID, GRID), np.nan)
    for latent in active:
        low, high = np.quantile(mean[:, latent], QUANTILES)
        difference = _difference(decode, starts, latent, low, high)
        num_stds = (high - low) / np.exp(logvar[:, latent] / 2).mean()
        change[latent] = np.sqrt((difference**2).mean())
        per_std[latent] = change[latent] / num_stds if num_stds > 0 else 0.0
        kinds[latent] = _kinds(difference)
        change_map[latent] = _ninths(difference)
    few = mean[_spaced(len(mean), NUM_JACOBIANS)].astype(np.float64)
    return TraversalEffects(
        change=change,
        change_per_posterior_std=per_std,
        brightness=kinds[:, 0],
        color=kinds[:, 1],
        shape=kinds[:, 2],
        change_map=change_map,
        jacobian_cosine=_jacobian_cosine(decode, few, active, pixel_std),
    )


def _spaced(num: int, max_rows: int) -> NDArray[np.int64]:
    return np.linspace(0, num - 1, min(num, max_rows)).round().astype(np.int64)


def _difference(
    decode: Decode, starts: FloatArray, latent: int, low: float, high: float
) -> FloatArray:
    """Change of the pixels when a latent goes from `low` to `high`."""
    ends = []
    for value in (low, high):
        codes = starts.copy()
        codes[:, latent] = value
        ends.append(decode(codes).astype(np.float64))
    return np.asarray(ends[1] - ends[0])


def _kinds(difference: FloatArray) -> tuple[float, float, float]:
    """Shares of the squared change that are brightness, color, and neither."""
    total = float((difference**2).mean())
    if not total:
        return float("nan"), float("nan"), float("nan")
    channels = difference.mean((2, 3))
    brightness = float((channels.mean(1) ** 2).mean()) / total
    uniform = float((channels**2).mean()) / total
    return brightness, uniform - brightness, 1 - uniform


def _ninths(difference: FloatArray) -> FloatArray:
    """Share of the squared change in each ninth of the picture, shape `(3, 3)`."""
    squares = (difference**2).sum((0, 1))
    rows = [part.sum(0) for part in np.array_split(squares, GRID, axis=0)]
    sums = np.array([[part.sum() for part in np.array_split(row, GRID)] for row in rows])
    return sums / sums.sum() if sums.sum() else np.full((GRID, GRID), np.nan)


def _jacobian_cosine(
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


def _as_list(table: FloatArray) -> Any:
    """A table as lists of numbers with five decimals, None for NaN."""
    return np.where(np.isnan(table), np.array(None), table.round(5)).tolist()
