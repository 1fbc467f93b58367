"""Whether the latents are special."""

from pathlib import Path

from tests.report.small import (
    HOSTILE,
    is_escaped,
    reason,
    shown,
    small_axes,
    small_context,
    small_evidence,
    small_rotation_test,
)
from unknot.evidence.axes import LABELS, AxisEvidence


def test_it_gives_the_question_and_the_answer(tmp_path: Path) -> None:
    axes = {"beta-2_seed-0": small_axes(2.0, labels=0.02)}
    html = shown("axes", small_context(tmp_path, evidence=small_evidence(axes=axes)))
    assert "Are the latents special, or would a random mix of them do as well? Yes, at" in html


def test_without_evidence_it_is_left_out(tmp_path: Path) -> None:
    assert "no evidence of these runs yet" in reason("axes", small_context(tmp_path, evidence=None))


def test_hostile_reasons_are_escaped(tmp_path: Path) -> None:
    void = AxisEvidence(2.0, 0, {LABELS: small_rotation_test(void=HOSTILE)}, {})
    evidence = small_evidence(axes={"beta-2_seed-0": void})
    assert is_escaped(shown("axes", small_context(tmp_path, evidence=evidence)))
