"""What answers share: words, commands, and how they are written down."""

import json

import pytest

from tests.report.small import small_answers
from unknot.evidence.answers import QUESTIONS, Answer, Commands, counted, listed, p_text


def test_an_answer_is_read_back_as_it_was() -> None:
    for answer in small_answers():
        assert Answer.from_dict(json.loads(json.dumps(answer.as_dict()))) == answer


def test_there_are_four_questions() -> None:
    assert list(QUESTIONS) == ["latents", "axes", "beta", "which_beta"]


def test_words_are_put_in_a_row() -> None:
    assert listed([]) == ""
    assert listed(["a"]) == "a"
    assert listed(["a", "b"]) == "a and b"
    assert listed(["a", "b", "c"], "or") == "a, b or c"
    assert [counted(num, "seed") for num in (1, 3)] == ["1 seed", "3 seeds"]


@pytest.mark.parametrize(
    ("p_value", "text"),
    [(0.0004, "p < .001"), (0.0123, "p .012"), (0.34, "p .34"), (1.0, "p 1.00")],
)
def test_a_p_value_is_said_shortly(p_value: float, text: str) -> None:
    assert p_text(p_value) == text


def test_a_folder_with_a_space_is_quoted() -> None:
    commands = Commands(folder="my runs/faces", has_source=True)
    assert commands.add_seeds([3, 4]) == (
        "unknot compare --config 'my runs/faces/experiment.toml' --out 'my runs/faces' --seeds 3 4"
    )
    commands = Commands(folder="runs/array", has_source=False)
    assert commands.add_betas(["10"]) == "unknot.compare(images, out='runs/array', betas=[10], ...)"
