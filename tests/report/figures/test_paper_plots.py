"""Plots of numbers for a paper."""

import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle

from tests.report.small import small_score
from unknot.report.figures.paper_plots import (
    ScorePoint,
    rate_distortion_plane,
    score_panels,
    score_title,
)

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
    places = {axis.get_xlabel(): axis.get_position() for axis in figure.axes}
    if columns == 2:  # the first three stand below each other
        assert places["0"].y0 > places["1"].y0 > places["2"].y0
        assert places["0"].x0 == places["2"].x0 < places["3"].x0
    if columns == 3:  # the first three stand beside each other
        assert places["0"].x0 < places["1"].x0 < places["2"].x0
        assert places["0"].y0 == places["2"].y0 > places["3"].y0


@pytest.mark.parametrize(
    ("key", "title"),
    [
        ("dci_disentanglement", "DCI disentanglement"),
        ("infomec_modularity", "InfoMEC modularity"),
        ("mig_sup", "MIG sup"),
        ("beta_vae_score", "beta VAE score"),
        ("modularity", "modularity"),
    ],
)
def test_scores_are_written_as_in_papers(key: str, title: str) -> None:
    assert score_title(key) == title


def test_a_point_is_of_the_points_of_its_nulls() -> None:
    score = small_score(value=0.9)  # 0.25 on those of its null
    assert ScorePoint.of(2.0, score) == ScorePoint(
        beta=2.0, value=0.25, rotated=(0.2, 0.04), permuted=None
    )
    bare = small_score(value=0.9, null_rotation=None)
    assert ScorePoint.of(2.0, bare).value == 0.9
    permuted = small_score(value=0.9, null_rotation=None, null_permutation=score.null_rotation)
    assert ScorePoint.of(2.0, permuted) == ScorePoint(
        beta=2.0, value=0.25, rotated=None, permuted=0.2
    )
