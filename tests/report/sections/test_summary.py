"""What was trained on what."""

from pathlib import Path

from tests.report.small import HOSTILE, is_escaped, shown, small_context
from unknot.report.render import render_piece
from unknot.report.sections.summary import Summary


def test_it_says_what_was_trained_and_which_run_fits_best(tmp_path: Path) -> None:
    html = shown("summary", small_context(tmp_path))
    assert "VAEs with 3 latents (linear) were trained for 12 steps of 8 images" in html
    assert "at beta 0.5, 2, seed 0, on 200 images." in html
    assert "is that of beta 0.5, seed 0: 1,006 nats per image" in html


def test_hostile_names_are_escaped() -> None:
    assert is_escaped(str(render_piece("summary", Summary([HOSTILE])).html))
