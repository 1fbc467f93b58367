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


def test_every_run_has_a_line_for_each_latent(tmp_path: Path) -> None:
    html = shown("latents", small_context(tmp_path))
    assert html.count("<details") == 2
    assert html.count("<details open>") == 1
    assert "<li>latent 2: collapsed</li>" in html


def test_only_the_first_runs_are_described(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
