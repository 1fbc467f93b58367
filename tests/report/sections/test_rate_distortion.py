"""The rate-distortion plane."""

from pathlib import Path

from tests.report.small import HOSTILE, is_escaped, reason, shown, small_context
from unknot.report.figures import plots


def test_every_beta_is_plotted(tmp_path: Path) -> None:
    html = shown("rate_distortion", small_context(tmp_path))
    assert "<svg" in html
    assert "beta 0.5" in html
    assert "beta 2" in html


def test_without_runs_it_is_left_out(tmp_path: Path) -> None:
    assert reason("rate_distortion", small_context(tmp_path, runs=[])) == "no run is finished"


def test_a_hostile_label_is_escaped_by_the_plot() -> None:
    assert is_escaped(plots.to_svg(plots.rate_distortion([(HOSTILE, 1.0, 2.0)])))
