"""The four questions with their answers, on the page."""

from pathlib import Path

from tests.report.small import (
    HOSTILE,
    is_escaped,
    reason,
    shown,
    small_answers,
    small_choice,
    small_context,
    small_evidence,
)
from unknot.evidence.answers import QUESTIONS


def test_every_question_is_answered_in_its_order(tmp_path: Path) -> None:
    html = shown("answers", small_context(tmp_path))
    places = [html.index(f"<h2>{words}</h2>") for words in QUESTIONS.values()]
    assert places == sorted(places)
    assert '<div class="question cannot-tell">' in html
    assert "<p>The answer to beta.</p>" in html
    assert "Next: train more seeds" in html
    assert "As planned before the first step (plan.json, 0123456789ab)." in html
    assert "by the pictures, beta 2 beside 0.5" in html


def test_the_same_pictures_are_shown_at_both_betas(tmp_path: Path) -> None:
    html = shown("answers", small_context(tmp_path))
    assert "The same test images, and what beta 0.5 and beta 2 make of them." in html
    assert html.count("data:image/png;base64,") == 1
    lowest = small_evidence(which_beta=small_choice(beta=0.5))
    html = shown("answers", small_context(tmp_path / "lowest", evidence=lowest))
    assert "The same test images, and what beta 0.5 makes of them." in html
    none = small_evidence(which_beta=None)
    assert "<img" not in shown("answers", small_context(tmp_path / "none", evidence=none))


def test_what_was_not_planned_is_not_called_planned(tmp_path: Path) -> None:
    evidence = small_evidence(exploratory=["seeds: 2 added"])
    html = shown("answers", small_context(tmp_path, evidence=evidence))
    assert "As planned" not in html
    assert "Not everything is as it was planned" in html


def test_without_evidence_it_is_left_out(tmp_path: Path) -> None:
    assert "no evidence of these runs yet" in reason(
        "answers", small_context(tmp_path, evidence=None)
    )


def test_hostile_words_are_escaped(tmp_path: Path) -> None:
    evidence = small_evidence(answers=small_answers(latents=HOSTILE))
    html = shown("answers", small_context(tmp_path, evidence=evidence))
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert is_escaped(html.replace('<img src="data:', ""))
