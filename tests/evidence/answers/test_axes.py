"""Are the latents special? The answer in words."""

import pytest

from tests.report.small import small_axes, small_rotation_test
from unknot.evidence.answers import AXES, CANNOT_TELL, NO, YES
from unknot.evidence.answers.axes import answer_axes, found_at_each_beta
from unknot.evidence.axes import LABELS, AxisEvidence

LOW, HIGH = small_axes(0.5, labels=0.3), small_axes(8.0, labels=0.01)
VOID = AxisEvidence(2.0, 0, {LABELS: small_rotation_test(void="it is too early")}, {})


def _by_name(*axes: AxisEvidence) -> dict[str, AxisEvidence]:
    return {f"run {i}": run for i, run in enumerate(axes)}


def test_special_latents_are_answered_with_yes() -> None:
    answer = answer_axes(_by_name(LOW, HIGH))
    assert (answer.question, answer.answer) == (AXES, YES)
    assert (answer.p_value, answer.effect) == (0.01, 3.0)
    assert answer.runs == ("run 0", "run 1")
    assert answer.basis == "the labels"
    assert answer.sentence == (
        "Yes, at beta 8: a random mix of the latents would not do as well. It shows in the labels "
        "(p .010). At beta 0.5 there is no sign of it. What moving a latent changes in the picture "
        "could not be asked: moving the latents changes nothing."
    )


@pytest.mark.parametrize(
    ("axes", "sentence"),
    [
        ([small_axes(2.0, labels=0.2), small_axes(4.0, labels=0.06)], "No sign of it at any beta"),
        ([small_axes(2.0, labels=0.0002)], "in the labels (p < .001)."),
        ([small_axes(2.0, labels=0.2, interaction=0.01)], ", but not in the labels."),
        ([small_axes(2.0, labels=0.02), small_axes(2.0)], "Yes, at beta 2 (2 of 2 runs): "),
        ([VOID], "Cannot tell: it is too early."),
        ([], "Cannot tell: no run is finished."),
    ],
)
def test_the_answer_is_said_in_plain_words(axes: list[AxisEvidence], sentence: str) -> None:
    assert sentence in answer_axes(_by_name(*axes)).sentence


def test_nothing_that_was_tested_and_nothing_that_was_found_differ() -> None:
    assert answer_axes(_by_name(LOW)).answer == NO
    assert answer_axes(_by_name(VOID)).answer == CANNOT_TELL


def test_a_beta_at_which_nothing_could_be_asked_is_named() -> None:
    void = small_rotation_test(void="1 latent is in use, and it takes two to mix them")
    collapsed = AxisEvidence(350.0, 0, {LABELS: void}, {})
    for run in (LOW, HIGH):
        assert answer_axes(_by_name(run, collapsed)).sentence.endswith(
            " At beta 350 it could not be asked: 1 latent is in use, and it takes two to mix them."
        )


def test_what_is_known_at_each_beta_is_summed_up() -> None:
    assert found_at_each_beta(_by_name(LOW, HIGH)) == (
        "at beta 8 the latents are special, at 0.5 there is no sign of it"
    )
    assert found_at_each_beta(_by_name(HIGH)) == "at beta 8 the latents are special"
    assert found_at_each_beta(_by_name(LOW)) == (
        "at no beta that was tried are the latents special"
    )
    assert found_at_each_beta({}) == ""
