"""What the page lacks."""

from pathlib import Path

from tests.report.small import HOSTILE, is_escaped, reason, shown, small_context, small_evidence


def test_gaps_and_sections_of_one_reason_share_a_line(tmp_path: Path) -> None:
    evidence = small_evidence(not_available={"beta-2_seed-0": "not finished", "collapse": "why"})
    left_out = {"collapse": "why", "rate_distortion": "why", "player": "no frames"}
    html = shown("missing", small_context(tmp_path, evidence=evidence, left_out=left_out))
    assert "<li>beta-2_seed-0: not finished</li>" in html
    assert "<li>collapse, rate distortion: why</li>" in html
    assert "<li>player: no frames</li>" in html


def test_it_is_left_out_where_nothing_is_missing(tmp_path: Path) -> None:
    assert reason("missing", small_context(tmp_path)) == "nothing is missing"


def test_hostile_names_are_escaped(tmp_path: Path) -> None:
    evidence = small_evidence(not_available={HOSTILE: HOSTILE})
    assert is_escaped(shown("missing", small_context(tmp_path, evidence=evidence)))
