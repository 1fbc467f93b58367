"""Which beta to take, in words."""

from dataclasses import replace

from tests.report.small import small_answers, small_axes, small_choice
from unknot.evidence.answers import BETA, CANNOT_TELL, NO, YES, Answer, Commands
from unknot.evidence.answers.which_beta import answer_which_beta
from unknot.evidence.axes import AxisEvidence
from unknot.evidence.beta_choice import BetaChoice

COMMANDS = Commands(folder="runs/faces", has_source=True)
(ABOUT_BETA,) = (answer for answer in small_answers() if answer.question == BETA)


def _answer(
    choice: BetaChoice | None, p_value: float = 0.01, supported: tuple[float, ...] = ()
) -> Answer:
    axes: dict[str, AxisEvidence] = {"beta-2_seed-0": small_axes(2.0, labels=p_value)}
    return answer_which_beta(choice, axes, ABOUT_BETA, supported, COMMANDS)


def test_it_is_certain_where_beta_did_it() -> None:
    answer = _answer(small_choice(), supported=(2.0,))
    assert (answer.answer, answer.p_value, answer.effect) == (YES, 0.02, 2.0)
    assert answer.sentence == (
        "Beta 2: its latents stand out most from random mixes of them, and a test shows that "
        "beta did it (p .020). What it costs: reconstructions show 70% of what differs between the "
        "pictures, distortion is 1,100 nats, and 2 latents are in use; at beta 0.5 they show 85% "
        "(950 nats)."
    )
    assert answer.next == (
        "the best is the highest beta that was tried, so try 6 too: unknot compare --config "
        "runs/faces/experiment.toml --out runs/faces --betas 0.5 2 6"
    )
    assert answer.command.startswith("unknot compare --config ")
    assert answer.next.endswith(f": {answer.command}")


def test_otherwise_it_is_the_best_guess() -> None:
    answer = _answer(small_choice(next_betas=()))
    assert answer.answer == CANNOT_TELL
    assert "Beta 2 is the best guess: " in answer.sentence
    assert "but it is not certain yet" in answer.sentence
    assert answer.next == ""


def test_where_nothing_is_separated_the_pictures_count() -> None:
    choice = small_choice(beta=0.5, is_separated=False, next_betas=(35.0,))
    answer = _answer(choice, p_value=0.5)
    assert answer.answer == NO
    assert answer.sentence.startswith("Beta 0.5, for its pictures alone: no beta that was tried")
    assert answer.next.startswith("betas that can matter on these images are higher, so try 35 ")


def test_the_end_that_keeps_the_picture_is_named() -> None:
    """With a capacity it is the highest."""
    choice = small_choice(beta=0.5, is_separated=False, next_betas=())
    assert "and the lowest keeps most of the picture" in _answer(choice, p_value=0.5).sentence
    turned = replace(choice, beta=2.0, rows=choice.rows[::-1])
    assert "and the highest keeps most of the picture" in _answer(turned, p_value=0.5).sentence


def test_a_beta_that_is_nearly_the_best_is_named_beside_it() -> None:
    answer = _answer(small_choice(beta=0.5))
    assert "nearly as much as at beta 2, the best" in answer.sentence
    assert "What it costs" not in answer.sentence


def test_one_beta_and_none_are_answered_too() -> None:
    choice = small_choice()
    alone = small_choice(rows=choice.rows[:1], best_beta=0.5, beta=0.5, next_betas=())
    assert _answer(alone).sentence.startswith("Beta 0.5 is the only one that was trained. There, ")
    assert _answer(None).sentence == "No run is finished."
    untested = small_choice(best_beta=None, beta=0.5, next_betas=())
    assert "at no beta could the latents be tested" in _answer(untested).sentence
