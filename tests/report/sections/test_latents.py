"""What each latent does."""

from pathlib import Path

import pytest

from tests.report.small import (
    HOSTILE,
    is_escaped,
    reason,
    shown,
    small_context,
    small_evidence,
    small_labels,
    small_run_evidence,
)
from unknot.report.sections.latents import BLUE, ORANGE, latent_map


def test_every_run_has_lines_and_a_map_of_its_active_latents(tmp_path: Path) -> None:
    html = shown("latents", small_context(tmp_path))
    assert html.count("<details") == 2
    assert html.count("<details open>") == 1
    assert '<th scope="row">latent 1</th>' in html
    assert '<th scope="row">latent 2</th>' not in html
    assert "<li>latent 2: collapsed</li>" in html
    assert "Labels that go together: Bald and Grey (+0.60)" in html


def test_a_cell_shows_strength_side_and_test() -> None:
    rows = latent_map(small_run_evidence(2.0, 0)).tables[0].rows
    bald, grey, angle = rows[0].cells
    assert bald.title == "latent 0, Bald: AUROC 0.90 (0.25 to 0.95), R2 0.50, p 0.001"
    assert bald.color == f"rgba({ORANGE}, 0.89)"
    assert grey.color == f"rgba({BLUE}, 0.77)"
    assert "share of its information 0.30" in angle.title
    assert [cell.passed for cell in rows[0].cells] == [True, True, True]
    assert [cell.passed for cell in rows[1].cells] == [False, False, False]


def test_without_labels_there_are_lines_only(tmp_path: Path) -> None:
    run = latent_map(small_run_evidence(2.0, 0, labels=None))
    assert (
        run.lines[0]
        == "latent 0: moving it changes color, all over, by 12 of 255 levels of brightness"
    )
    assert not run.tables


def test_labels_computed_from_the_pixels_have_a_map_of_their_own() -> None:
    run = latent_map(small_run_evidence(2.0, 0, properties=small_labels()))
    assert [table.title for table in run.tables] == ["Labels", "Computed from the pixels"]
    assert "in the pixels lower with Bald" in run.lines[0]


def test_only_the_first_runs_have_a_map(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unknot.report.sections.latents.MAX_RUNS", 1)
    assert shown("latents", small_context(tmp_path)).count("<details") == 1


def test_without_evidence_it_is_left_out(tmp_path: Path) -> None:
    context = small_context(tmp_path, evidence=None)
    assert "no evidence of these runs yet" in reason("latents", context)
    context = small_context(tmp_path, evidence=small_evidence(runs={}))
    assert reason("latents", context) == "no run is finished"


def test_hostile_labels_are_escaped(tmp_path: Path) -> None:
    labels = small_labels(label_names=(HOSTILE, HOSTILE, HOSTILE))
    runs = {"beta-2_seed-0": small_run_evidence(2.0, 0, labels=labels)}
    context = small_context(tmp_path, evidence=small_evidence(runs=runs))
    assert is_escaped(shown("latents", context))
