"""Plots of numbers, as SVG text for a page or as files."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

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


def rate_distortion(points: Sequence[tuple[str, float, float]]) -> Figure:
    """Plot runs in the rate-distortion plane (Alemi et al. 2018).

    Args:
        points: label, rate and distortion of each run; runs of one label share a color.
    """
    figure = Figure(figsize=(5, 3.4), layout="constrained")
    axis = figure.subplots()
    for i, label in enumerate(dict.fromkeys(label for label, _, _ in points)):
        rates = [rate for name, rate, _ in points if name == label]
        distortions = [distortion for name, _, distortion in points if name == label]
        axis.plot(rates, distortions, "o", color=f"C{i % 10}", label=label)
    axis.set_ylabel("distortion (nats per image)", fontsize=9)
    axis.legend(frameon=False, fontsize=8)
    _tidy(axis, "rate (nats per image)")
    return figure


def spectrum(
    collapse_betas: Sequence[float] | NDArray[np.floating], betas: Sequence[float]
) -> Figure:
    """Plot the betas above which a linear model's latents collapse, and those that were trained.

    Args:
        collapse_betas: a value for each latent, the largest first, shape `(latent_dim,)`.
        betas: that were trained.
    """
    figure = Figure(figsize=(5, 3.2), layout="constrained")
    axis = figure.subplots()
    latents = [i + 1 for i, value in enumerate(collapse_betas) if value > 0]
    axis.semilogy(latents, [value for value in collapse_betas if value > 0], "o-", color="0.3")
    for i, beta in enumerate(beta for beta in betas if beta > 0):
        axis.axhline(beta, color=f"C{i % 10}", linewidth=1, label=f"beta {beta:g}")
    axis.set_ylabel("collapses at beta", fontsize=9)
    axis.set_xticks(latents)
    axis.legend(frameon=False, fontsize=8)
    _tidy(axis, "latent of a linear model")
    return figure


def to_svg(figure: Figure) -> str:
    """Write a figure as SVG text without its prologue, the same bytes for the same numbers."""
    import matplotlib as mpl

    buffer = io.StringIO()
    with mpl.rc_context({"svg.fonttype": "none", "svg.hashsalt": "unknot"}):
        figure.savefig(buffer, format="svg", transparent=True, metadata={"Date": None})
    text = buffer.getvalue()
    return text[text.index("<svg") :]


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
