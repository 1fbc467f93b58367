"""The verdict."""

from pathlib import Path

from tests.report.small import (
    HOSTILE,
    is_escaped,
    reason,
    shown,
    small_context,
    small_contrast,
    small_evidence,
    small_verdict,
)


def test_it_gives_the_answer_and_what_it_rests_on(tmp_path: Path) -> None:
    html = shown("verdict", small_context(tmp_path))
    assert "separate (disentangle) the latents? Not supported: at no beta are the" in html
    assert "<p>  selectivity is not higher</p>" in html
    assert "As planned before the first step (plan.json, 0123456789ab)." in html


def test_without_evidence_it_is_left_out(tmp_path: Path) -> None:
    assert "no evidence of these runs yet" in reason(
        "verdict", small_context(tmp_path, evidence=None)
    )


def test_hostile_reasons_are_escaped(tmp_path: Path) -> None:
    verdict = small_verdict(contrasts=(small_contrast(reasons=(HOSTILE,)),))
    evidence = small_evidence(verdict=verdict, exploratory=[HOSTILE])
    assert is_escaped(shown("verdict", small_context(tmp_path, evidence=evidence)))
