"""Words of earlier versions get one line that names the new one."""

import pytest

from tests.command_line import fails
from unknot.cli.renamed import COMMON_NAMES, OLD_COMMANDS, OLD_OPTIONS, without_commas


@pytest.mark.parametrize("command", OLD_COMMANDS)
def test_an_old_command_names_the_new_one(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert OLD_COMMANDS[command] in fails([command, "faces"], capsys)


@pytest.mark.parametrize(
    ("command", "option"),
    [(command, option) for command in OLD_OPTIONS for option in OLD_OPTIONS[command]],
)
def test_an_old_option_names_the_new_one(
    command: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert OLD_OPTIONS[command][option] in fails([command, "x", option, "1"], capsys)
    assert OLD_OPTIONS[command][option] in fails([command, "x", f"{option}=1"], capsys)


@pytest.mark.parametrize("option", COMMON_NAMES)
def test_names_of_other_programs_are_known(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    for command in ("compare", "train"):
        message = fails([command, "x", option, "1"], capsys)
        assert f"unknot {command} has no {option}; give {COMMON_NAMES[option]}" in message


def test_one_beta_of_compare(capsys: pytest.CaptureFixture[str]) -> None:
    assert "give --betas" in fails(["compare", "x", "--beta", "4"], capsys)


def test_numbers_may_stand_apart_by_commas() -> None:
    arguments = ["a,b", "--betas", "1,2", "10,", "--out", "x,y", "--seeds", "0,1"]
    assert without_commas(arguments) == [
        *("a,b", "--betas", "1", "2", "10", "--out", "x,y", "--seeds", "0", "1"),
    ]
