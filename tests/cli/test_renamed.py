"""Words of earlier versions get one line that names the new one."""

import pytest

from tests.command_line import fails
from unknot.cli.renamed import OLD_COMMANDS, OLD_OPTIONS


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
