"""What the answers about beta rest on, in words."""

from tests.report.small import small_evidence, small_grid_evidence, small_verdict
from unknot.evidence.beta_bases import combine_bases
from unknot.evidence.beta_test import beta_test
from unknot.report.reasons import reason_lines, strength_word


def test_the_reasons_of_every_objective_are_told_in_its_words() -> None:
    lines = reason_lines(small_grid_evidence())
    assert any(line.startswith("beta_vae: by the pictures, beta 2 beside 0.5: ") for line in lines)
    assert any(line.startswith("capacity: by the pictures, strength 2 beside") for line in lines)


def test_two_bases_are_shown_with_their_correction() -> None:
    test = beta_test([[0.0, 1.0]] * 3, betas=(0.5, 2.0))
    decision = combine_bases({"labels": test, "pictures": test})
    lines = reason_lines(small_evidence(verdict=small_verdict(decision=decision, left_out={})))
    assert lines[0].startswith("by the labels, beta 2 beside 0.5: ")
    assert lines[1].startswith("by the pictures, beta 2 beside 0.5: ")
    assert lines[2].startswith(
        "corrected for asking both labels and pictures (Hochberg): the labels p .05"
    )
    assert reason_lines(small_evidence(verdict=None)) == []


def test_beta_is_called_so_where_nothing_else_is_compared() -> None:
    evidence = small_grid_evidence()
    words = [strength_word(row) for row in (evidence, *evidence.rows.values())]
    assert words == ["strength", "beta", "strength"]
