"""What was trained on what."""

from pathlib import Path

from tests.report.small import HOSTILE, is_escaped, shown, small_config, small_context, small_run
from unknot.report.render import render_piece
from unknot.report.sections.summary import Summary


def test_it_says_what_was_trained_and_which_run_fits_best(tmp_path: Path) -> None:
    html = shown("summary", small_context(tmp_path))
    assert "Beta-VAEs with 3 latents (linear) were trained for 12 steps of 8 images" in html
    assert "at beta 0.5, 2, seed 0, on 200 images." in html
    assert "is that of beta 0.5, seed 0: 1,006 nats per image" in html


def test_missing_runs_are_counted(tmp_path: Path) -> None:
    config = small_config()
    runs = [small_run(tmp_path, config.runs()[0])]
    context = small_context(tmp_path, runs=runs, failures={"beta-2_seed-0": "stopped"})
    assert "1 of 2 runs are missing" in shown("summary", context)
    nothing = small_context(tmp_path, runs=[], failures={"a": "stopped", "b": "stopped"})
    assert "2 of 2 runs are missing" in shown("summary", nothing)
    assert "best bound" not in shown("summary", nothing)


def test_hostile_names_are_escaped() -> None:
    assert is_escaped(str(render_piece("summary", Summary([HOSTILE])).html))
