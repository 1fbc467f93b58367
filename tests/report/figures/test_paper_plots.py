"""Plots of numbers for a paper."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from unknot.report.figures.paper_plots import ScorePoint, rate_distortion_plane, score_panels

POINTS = [(1.0, 9.0, 500.0), (1.0, 10.0, 520.0), (4.0, 3.0, 900.0), (350.0, 1.0, 1500.0)]


def test_betas_differ_in_mark_and_in_gray() -> None:
    (axis,) = rate_distortion_plane(POINTS, width=3.3).axes
    marks = axis.collections
    assert [len(mark.get_offsets()) for mark in marks] == [2, 1, 1]
    assert len({mark.get_paths()[0].vertices.tobytes() for mark in marks}) == 3
    lightness = [mark.get_facecolor()[0, :3] @ [0.299, 0.587, 0.114] for mark in marks]
    assert np.diff(lightness).min() > 0.15
    assert max(lightness) < 0.85  # seen on white
    labels = [text.get_text() for text in axis.get_legend().get_texts()]
    assert labels == ["beta 1", "beta 4", "beta 350"]
    assert axis.get_xlabel() == "rate (nats per image)"
    assert axis.get_ylabel() == "distortion (nats per image)"


def test_a_line_joins_the_means_of_betas() -> None:
    (axis,) = rate_distortion_plane(POINTS, width=3.3).axes
    (line,) = axis.lines
    assert line.get_xydata().tolist() == [[9.5, 510], [3, 900], [1, 1500]]


def panels(**changes: object) -> Figure:
    points = [
        ScorePoint(beta=1.0, value=0.3, rotated=(0.25, 0.05), permuted=0.1),
        ScorePoint(beta=1.0, value=0.4, rotated=(0.25, 0.05), permuted=0.1),
        ScorePoint(beta=4.0, value=0.5, rotated=None, permuted=None),
    ]
    return score_panels([("MIG", points), ("DCI", points[2:])], width=4.0, **changes)


def test_a_panel_has_dots_for_runs_and_bands_for_their_nulls() -> None:
    mig, dci = panels().axes
    assert [mig.get_xlabel(), dci.get_xlabel()] == ["MIG", "DCI"]
    assert [label.get_text() for label in mig.get_yticklabels()] == ["beta 1", "beta 4"]
    bands = [patch for patch in mig.patches if isinstance(patch, Rectangle)]
    assert [(band.get_x(), band.get_width()) for band in bands] == [
        (pytest.approx(0.15), pytest.approx(0.2))
    ] * 2
    dots = [line.get_xdata()[0] for line in mig.lines if line.get_marker() == "o"]
    assert dots == [0.3, 0.4, 0.5]
    rows = [line.get_ydata()[0] for line in mig.lines if line.get_marker() == "o"]
    assert rows[0] < 0 < rows[1] < 0.5  # seeds of one beta do not hide each other
    assert rows[2] == 1
    assert not dci.patches


def test_the_legend_names_what_is_drawn_and_no_more() -> None:
    (legend,) = panels().legends
    assert [text.get_text() for text in legend.get_texts()] == [
        "a run",
        "random mixes (± 2 sd)",
        "permuted labels",
    ]
    bare = [ScorePoint(beta=1.0, value=0.3, rotated=None, permuted=None)]
    assert not score_panels([("MIG", bare)], width=3.3).legends


@pytest.mark.parametrize(("width", "columns"), [(2.0, 1), (3.3, 2), (7.0, 3)])
def test_panels_stand_side_by_side_as_the_width_allows(width: float, columns: int) -> None:
    bare = [ScorePoint(beta=1.0, value=0.3, rotated=None, permuted=None)]
    figure = score_panels([(str(i), bare) for i in range(6)], width=width)
    figure.draw_without_rendering()
    assert len({round(axis.get_position().x0, 2) for axis in figure.axes}) == columns
