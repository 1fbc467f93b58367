"""Training curves."""

from dataclasses import replace
from pathlib import Path

from tests.report.small import (
    HOSTILE,
    is_escaped,
    reason,
    shown,
    small_config,
    small_context,
    small_run,
)
from unknot.report.render import render_piece
from unknot.report.sections.curves import Curves, curves, training_seconds


def test_every_run_has_its_curves_and_scales(tmp_path: Path) -> None:
    html = shown("curves", small_context(tmp_path))
    assert html.count('<svg class="curve"></svg>') == 2
    assert "<?xml" not in html
    assert "beta_eff 0.5, beta_norm 0.000488; trained in 7 seconds." in html


def test_a_missing_run_is_named_with_its_reason(tmp_path: Path) -> None:
    context = small_context(tmp_path, runs=[], failures={"beta-2_seed-0": "training diverged"})
    shown_curves = curves(context)
    assert isinstance(shown_curves, Curves)
    assert [run.problem for run in shown_curves.runs] == ["not finished", "training diverged"]


def test_without_a_history_it_is_left_out(tmp_path: Path) -> None:
    run = small_run(tmp_path, small_config().runs()[0])
    run.files.curves.unlink()
    run.files.history.unlink()
    assert training_seconds(run) == 0
    assert "history" in reason("curves", small_context(tmp_path, runs=[run]))


def test_hostile_names_are_escaped(tmp_path: Path) -> None:
    shown_curves = curves(small_context(tmp_path))
    assert isinstance(shown_curves, Curves)
    finished = replace(shown_curves.runs[0], title=HOSTILE, scales=HOSTILE)
    missing = replace(finished, problem=HOSTILE)
    html = str(render_piece("curves", Curves([finished, missing])).html)
    assert is_escaped(html)
    assert html.count("&lt;script&gt;") == 4
