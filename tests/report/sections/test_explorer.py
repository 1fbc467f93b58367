"""The explorer's place in the page."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.small import HOSTILE, is_escaped, reason, shown, small_context
from unknot.report.render import render_piece
from unknot.report.sections.explorer import Explorer, explorer


def test_it_is_there_with_every_control(tmp_path: Path) -> None:
    context = small_context(tmp_path)
    html = shown("explorer", context)
    assert "Latent traversal explorer" in html
    assert '<section id="explorer">' in html
    assert "Not in the explorer" not in html
    piece = render_piece("explorer", explorer(context))
    assert (piece.anchor, piece.link) == ("explore", "explorer")


def test_decoders_beyond_the_budget_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unknot.report.script_data.MODEL_BYTES", 10)
    html = shown("explorer", small_context(tmp_path))
    assert "Not in the explorer: beta 2, seed 0: the page holds some" in html


def test_without_a_decoder_it_is_left_out_with_the_reason(tmp_path: Path) -> None:
    assert reason("explorer", small_context(tmp_path, runs=[])) == "no run is finished"
    data = small_context(tmp_path).script_data
    assert data is not None
    runs = [replace(run, model=None, reason="does not know Tanh") for run in data.runs]
    context = small_context(tmp_path, script_data=replace(data, runs=runs))
    assert reason("explorer", context) == "does not know Tanh"


def test_hostile_reasons_are_escaped() -> None:
    assert is_escaped(str(render_piece("explorer", Explorer([HOSTILE])).html))
