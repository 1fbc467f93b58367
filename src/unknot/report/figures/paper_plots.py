"""Plots of numbers for a paper: told apart by place and mark, in color and in gray."""

from collections.abc import Sequence
from dataclasses import dataclass

import matplotlib as mpl
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch
from matplotlib.ticker import MaxNLocator
from numpy.typing import NDArray

from unknot.config.parts import BETA_VAE
from unknot.config.run import setting_text
from unknot.metrics.result import Score
from unknot.report.figures.papers import text_width

MARKERS = "osD^vPX*<>"
DARK_TO_LIGHT = (0.0, 0.85)  # of the color map; its lightest colors cannot be seen on white
BAND = "0.8"
INK = "0.15"
BETA_HEIGHT, PANEL_HEIGHT, LEGEND_HEIGHT = 0.15, 0.42, 0.17  # inches
LEAST_PLANE_HEIGHT = 2.0
MARK_WIDTH = 0.35  # of a mark in the legend with the room around it
PANEL_WIDTH = 1.5  # a panel is no narrower where it can be helped
BAND_STDS = 2.0
AS_WRITTEN = {"dci": "DCI", "infomec": "InfoMEC", "mig": "MIG", "sap": "SAP", "med": "MED"} | {
    name: name.upper() for name in ("jemmig", "irs", "vae")
}


@dataclass(frozen=True)
class ScorePoint:
    """A score of one run, with what it is where there is nothing to find.

    Attributes:
        beta: of the run.
        value: the score, on the points of its nulls where there are any.
        rotated: mean and standard deviation of random rotations of the codes; None without them.
        permuted: mean where labels are permuted; None without them.
    """

    beta: float
    value: float
    rotated: tuple[float, float] | None
    permuted: float | None

    @classmethod
    def of(cls, beta: float, score: Score) -> "ScorePoint":
        """Take from a score what is drawn of it."""
        rotated, permuted = score.null_rotation, score.null_permutation
        null = rotated or permuted
        return cls(
            beta=beta,
            value=null.observed if null else score.value,
            rotated=(rotated.mean, rotated.std) if rotated else None,
            permuted=permuted.mean if permuted else None,
        )


def rate_distortion_plane(
    points: Sequence[tuple[float, float, float]], *, width: float, objective: str = BETA_VAE
) -> Figure:
    """Draw runs in the rate-distortion plane (Alemi et al. 2018), a color and a mark for each beta.

    Args:
        points: beta, rate and distortion of each run.
        width: of the figure in inches.
        objective: of all runs, whose strength beta is.
    """
    height = max(LEAST_PLANE_HEIGHT, 0.72 * width)
    figure = Figure(figsize=(width, height), layout="constrained")
    axis = figure.subplots()
    betas = sorted({beta for beta, _, _ in points})
    of_betas = [np.array([point[1:] for point in points if point[0] == beta]) for beta in betas]
    means = np.array([runs.mean(0) for runs in of_betas])
    axis.plot(means[:, 0], means[:, 1], color="0.7", zorder=1)
    for i, (beta, runs) in enumerate(zip(betas, of_betas)):
        _scatter(axis, runs, setting_text(objective, beta), i, len(betas))
    axis.set_xlabel("rate (nats per image)")
    axis.set_ylabel("distortion (nats per image)")
    axis.legend(loc="upper right")  # where a curve of this kind leaves room
    return figure


def _scatter(axis: Axes, runs: NDArray[np.float64], label: str, i: int, num: int) -> None:
    """Draw the runs of the i-th of `num` betas, rates and distortions `(num_runs, 2)`."""
    axis.scatter(
        runs[:, 0],
        runs[:, 1],
        marker=MARKERS[i % len(MARKERS)],
        s=22,
        color=_color(i, num),
        edgecolors=INK,
        linewidths=0.4,
        label=label,
        zorder=2,
    )


def score_title(key: str) -> str:
    """Write the key of a score as papers do: `DCI disentanglement`."""
    return " ".join(AS_WRITTEN.get(part, part) for part in key.split("_"))


def score_panels(
    scores: Sequence[tuple[str, Sequence[ScorePoint]]], *, width: float, objective: str = BETA_VAE
) -> Figure:
    """Draw a panel for each score: a row for each beta, a dot for each run, bands for its nulls.

    Args:
        scores: name, and the points of every run.
        width: of the figure in inches.
        objective: of all runs, whose strength beta is.
    """
    betas = sorted({point.beta for _, points in scores for point in points})
    columns = min(len(scores), max(1, int(width // PANEL_WIDTH)))
    rows = -(-len(scores) // columns)
    columns = -(-len(scores) // rows)  # as even as can be
    marks = _score_marks(scores)
    fit_in_a_row = sum(text_width(str(mark.get_label())) + MARK_WIDTH for mark in marks) < width
    legend_rows = 1 if fit_in_a_row else len(marks)
    height = rows * (len(betas) * BETA_HEIGHT + PANEL_HEIGHT) + legend_rows * LEGEND_HEIGHT
    figure = Figure(figsize=(width, height), layout="constrained")
    panels = figure.subplots(rows, columns, sharey=True, squeeze=False)
    in_order = list((panels if columns > rows else panels.T).flat)  # along the longer side
    for axis, (name, points) in zip(in_order, scores):
        _draw_panel(axis, betas, points)
        axis.set_xlabel(name)
    for axis in in_order[len(scores) :]:
        axis.set_visible(False)
    for axis in panels[:, 0]:
        axis.set_yticks(range(len(betas)), [setting_text(objective, beta) for beta in betas])
    panels[0, 0].set_ylim(len(betas) - 0.5, -0.5)
    if len(marks) > 1:
        figure.legend(handles=marks, loc="outside upper center", ncols=len(marks) // legend_rows)
    return figure


def _draw_panel(axis: Axes, betas: Sequence[float], points: Sequence[ScorePoint]) -> None:
    for row, beta in enumerate(betas):
        runs = [point for point in points if point.beta == beta]
        places = row + (np.arange(len(runs)) - (len(runs) - 1) / 2) * 0.7 / max(1, len(runs))
        for place, point in zip(places, runs):
            _draw_run(axis, place, point, thickness=0.7 / len(runs))
    axis.xaxis.set_major_locator(MaxNLocator(4))
    axis.grid(axis="x", color="0.9", linewidth=0.5)
    axis.set_axisbelow(True)
    axis.tick_params(axis="y", length=0)


def _draw_run(axis: Axes, place: float, point: ScorePoint, *, thickness: float) -> None:
    if point.rotated:
        mean, std = point.rotated
        left, length = mean - BAND_STDS * std, 2 * BAND_STDS * std
        axis.barh(place, length, thickness, left, color=BAND, zorder=1)
    if point.permuted is not None:
        axis.plot(point.permuted, place, "|", color=INK, markersize=5, markeredgewidth=0.8)
    axis.plot(point.value, place, "o", color=INK, markersize=2.8)


def _score_marks(scores: Sequence[tuple[str, Sequence[ScorePoint]]]) -> list[Line2D | Patch]:
    """Give the marks that are drawn, with what they mean."""
    points = [point for _, of_score in scores for point in of_score]
    marks: list[Line2D | Patch] = [_mark("o", 2.8, "a run")]
    if any(point.rotated for point in points):
        marks.append(Patch(color=BAND, label="random mixes (± 2 sd)"))
    if any(point.permuted is not None for point in points):
        marks.append(_mark("|", 5, "permuted labels"))
    return marks


def _mark(marker: str, size: float, label: str) -> Line2D:
    return Line2D([], [], linestyle="", marker=marker, color=INK, markersize=size, label=label)


def _color(i: int, num: int) -> tuple[float, ...]:
    """Take the i-th of `num` colors from dark to light, which gray keeps apart too."""
    dark, light = DARK_TO_LIGHT
    color: tuple[float, ...] = mpl.colormaps["viridis"](dark + (light - dark) * i / max(1, num - 1))
    return color
