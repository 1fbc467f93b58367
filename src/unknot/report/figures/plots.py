"""The plot of a training, as a file."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from unknot.common.files import written_beside


def training_curves(
    train: Sequence[Mapping[str, Any]], held_out: Sequence[Mapping[str, Any]]
) -> Figure:
    """Plot distortion, rate and the KL of each latent over the steps of one run.

    Args:
        train: `train` lines of a history.
        held_out: its `validation` lines.
    """
    figure = Figure(figsize=(9, 2.6), layout="constrained")
    axes = figure.subplots(1, 3)
    for axis, key in zip(axes, ("distortion", "rate")):
        axis.plot(*_series(train, key), color="0.75", linewidth=1, label="training")
        axis.plot(*_series(held_out, key), "o-", color="C0", markersize=3, label="validation")
        axis.set_title(f"{key} (nats per image)", fontsize=9)
    _zoom(axes[0], held_out, "distortion")
    axes[0].legend(frameon=False, fontsize=8)
    steps = [line["step"] for line in held_out]
    for latent, kl in enumerate(np.array([line["kl"] for line in held_out]).T):
        axes[2].plot(steps, kl, "o-", markersize=3, label=f"{latent}")
    axes[2].set_title("KL of each latent (nats)", fontsize=9)
    if held_out and len(held_out[0]["kl"]) <= 10:
        axes[2].legend(frameon=False, fontsize=7, ncols=2, title="latent", title_fontsize=7)
    for axis in axes:
        _tidy(axis, "step")
    return figure


def save_figure(figure: Figure, path: Path) -> None:
    """Write a figure; the suffix of `path` is the format (svg, png, pdf)."""
    with written_beside(path) as temporary:
        figure.savefig(temporary, dpi=150)


def _series(lines: Sequence[Mapping[str, Any]], key: str) -> tuple[list[int], list[float]]:
    return [line["step"] for line in lines], [line[key] for line in lines]


def _zoom(axis: Any, held_out: Sequence[Mapping[str, Any]], key: str) -> None:
    """Leave the first plunge out of sight, which would flatten the rest."""
    values = [line[key] for line in held_out]
    if len(values) > 1:
        low, high = min(values), max(values)
        axis.set_ylim(low - 0.1 * (high - low) - 1, high + 0.35 * (high - low) + 1)


def _tidy(axis: Any, xlabel: str) -> None:
    axis.set_xlabel(xlabel, fontsize=9)
    axis.tick_params(labelsize=8)
    axis.spines[["top", "right"]].set_visible(False)
    axis.grid(alpha=0.25, linewidth=0.5)
