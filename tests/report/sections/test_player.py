"""The timeline of reconstructions."""

from dataclasses import replace
from pathlib import Path

import pytest

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
from unknot.report.sections.player import Player


def test_every_run_with_reconstructions_has_a_canvas(tmp_path: Path) -> None:
    html = shown("player", small_context(tmp_path))
    assert '<section id="player" data-widget="player">' in html
    assert 'data-run="beta-0.5_seed-0"' in html
    assert "<figcaption>beta 2, seed 0</figcaption>" in html
    assert "left out" not in html


def test_reconstructions_beyond_the_budget_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unknot.report.script_data.SHEET_BYTES", 10)
    html = shown("player", small_context(tmp_path))
    assert "data-run" in html
    assert "left out: beta 2, seed 0." in html


def test_without_reconstructions_it_is_left_out(tmp_path: Path) -> None:
    assert reason("player", small_context(tmp_path, runs=[])) == "no run is finished"
    runs = [small_run(tmp_path, run, frames=False) for run in small_config().runs()]
    context = small_context(tmp_path, runs=runs)
    assert "recorded reconstructions" in reason("player", context)


def test_hostile_names_are_escaped(tmp_path: Path) -> None:
    data = small_context(tmp_path).script_data
    assert data is not None
    run = replace(data.runs[0], name=HOSTILE, title=HOSTILE)
    assert is_escaped(str(render_piece("player", Player([run], HOSTILE)).html))
