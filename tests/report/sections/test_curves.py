"""Training curves; `test_chart_data_in_browser.py` looks at the charts."""

from dataclasses import replace
from pathlib import Path

from tests.report.small import (
    HOSTILE,
    data_of,
    is_escaped,
    reason,
    shown,
    small_config,
    small_context,
    small_run,
    without_data,
)
from unknot.report.render import render_piece
from unknot.report.sections.curves import Curves, curves, training_seconds


def test_every_run_has_its_history_and_scales(tmp_path: Path) -> None:
    html = shown("curves", small_context(tmp_path))
    first, second = data_of(html)["runs"]
    assert (first["name"], second["name"]) == ("beta-0.5_seed-0", "beta-2_seed-0")
    assert first["train"]["step"] == [6, 12]
    assert first["train"]["distortion"] == [3000.0, 1000.0]
    assert first["validation"]["loss"] == [None]
    assert html.count("data-chart=") == 3
    assert '<td class="number">7</td><td>beta_eff 0.5, beta_norm 0.000488</td>' in html


def test_the_picture_in_a_runs_folder_does_not_get_into_the_page(tmp_path: Path) -> None:
    run = small_run(tmp_path, small_config().runs()[0])
    run.files.curves.write_text(f"<svg>{HOSTILE}</svg>")
    html = shown("curves", small_context(tmp_path, runs=[run]))
    assert "alert" not in html
    assert "<svg" not in html


def test_a_run_that_was_moved_says_from_which_step(tmp_path: Path) -> None:
    assert "another kind of processor" not in shown("curves", small_context(tmp_path))
    run = small_run(tmp_path, small_config().runs()[0])
    with run.files.history.open("a") as file:
        file.writelines(f'{{"split": "moved", "step": {step}}}\n' for step in (1200, 1500))
    html = shown("curves", small_context(tmp_path, runs=[run]))
    assert "beta 0.5, seed 0: from step 1,200 and 1,500 on another kind of processor" in html


def test_a_missing_run_is_named_with_its_reason(tmp_path: Path) -> None:
    context = small_context(tmp_path, runs=[], failures={"beta-2_seed-0": "training diverged"})
    shown_curves = curves(context)
    assert isinstance(shown_curves, Curves)
    assert [run.problem for run in shown_curves.runs] == ["not finished", "training diverged"]
    assert shown_curves.quantities == []


def test_without_a_history_it_is_left_out(tmp_path: Path) -> None:
    run = small_run(tmp_path, small_config().runs()[0])
    run.files.history.unlink()
    assert training_seconds(run.history()) == 0
    assert "history" in reason("curves", small_context(tmp_path, runs=[run]))


def test_hostile_names_are_escaped(tmp_path: Path) -> None:
    shown_curves = curves(small_context(tmp_path))
    assert isinstance(shown_curves, Curves)
    finished = replace(shown_curves.runs[0], title=HOSTILE, scales=HOSTILE)
    missing = replace(finished, problem=HOSTILE)
    html = without_data(
        render_piece("curves", replace(shown_curves, runs=[finished, missing])).html
    )
    assert is_escaped(html)
    assert html.count("&lt;script&gt;") == 4
