"""The code with a reader's answers."""

from dataclasses import replace

import pytest

from unknot.common.errors import UserError
from unknot.report.blind.answers import Answers, read_code, write_code
from unknot.report.blind.trials import BETAS, LATENTS

ANSWERS = Answers(
    kind=LATENTS,
    digest="0123456789ab",
    reader=4_000_000_000,
    attempt=1,
    chose_first=(True, False, True, True, False, False, True, True, True, False),
)
CODE = write_code(ANSWERS)


@pytest.mark.parametrize("num", [8, 10, 16, 20])
def test_what_was_written_is_read(num: int) -> None:
    for kind in (LATENTS, BETAS):
        chosen = (ANSWERS.chose_first * 2)[:num]
        answers = replace(ANSWERS, kind=kind, attempt=num, chose_first=chosen)
        assert read_code(write_code(answers)) == answers
    assert ANSWERS.num_first == 6


def test_a_link_is_as_good_as_its_code() -> None:
    for text in (f"file:///a/report.html#blind={CODE}", f"#blind={CODE}", f" {CODE}\n"):
        assert read_code(text) == ANSWERS
    assert not CODE.startswith("-")  # an option, at the command line


@pytest.mark.parametrize(
    "text",
    [
        "",
        "nonsense",
        CODE[:-1],
        CODE[:-4],
        CODE + "AAAA",
        CODE[:9] + "_" + CODE[10:],
        "é" * 24,
        "A" * 5_000,
    ],
)
def test_what_is_damaged_is_one_clear_line(text: str) -> None:
    with pytest.raises(UserError, match=r"the code '.*' is damaged; copy the whole of it") as error:
        read_code(text)
    assert len(str(error.value)) < 200


def test_every_changed_character_is_noticed() -> None:
    for place in range(len(CODE)):
        for letter in "AZaz09-_":
            if letter != CODE[place]:
                with pytest.raises(UserError):
                    read_code(CODE[:place] + letter + CODE[place + 1 :])


def test_a_later_version_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unknot.report.blind.answers.CODE_FORMAT", 2)
    later = write_code(ANSWERS)
    monkeypatch.undo()
    with pytest.raises(UserError, match="another version of unknot"):
        read_code(later)
