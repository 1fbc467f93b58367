"""Words of earlier versions get one line that names the new one."""

import pytest

from tests.command_line import fails
from unknot.cli.renamed import COMMANDS, OPTIONS


@pytest.mark.parametrize("command", COMMANDS)
def test_an_old_command_names_the_new_one(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert COMMANDS[command] in fails([command, "faces"], capsys)


@pytest.mark.parametrize(
    ("command", "option"), [(command, option) for command in OPTIONS for option in OPTIONS[command]]
)
def test_an_old_option_names_the_new_one(
    command: str, option: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert OPTIONS[command][option] in fails([command, "x", option, "1"], capsys)
    assert OPTIONS[command][option] in fails([command, "x", f"{option}=1"], capsys)
