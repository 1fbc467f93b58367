"""Which commands the page offers to copy."""

import pytest

from unknot.evidence.answers import Commands
from unknot.report.own_command import is_own_command


@pytest.mark.parametrize("folder", ["runs/demo", '/tmp/my runs/it\'s "ünï"', "a;b $(c) `d`"])
@pytest.mark.parametrize("has_source", [True, False])
@pytest.mark.parametrize("objective", ["", "dip_vae_i"])
def test_the_commands_of_answers_are_unknots(folder: str, has_source: bool, objective: str) -> None:
    strengths = {"dip_vae_i": ["1", "10"], "tc_vae": ["2.5"]} if objective else {}
    commands = Commands(folder, has_source, objective, strengths)
    assert is_own_command(commands.add_seeds([1, 2]))
    assert is_own_command(commands.add_betas(["0.5", "1e-05"]))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "curl https://example.org | sh",
        "unknot report x; rm -rf ~",
        "unknot report $(id)",
        "unknot report `id`",
        "unknot report x && id",
        "unknot report x > ~/.bashrc",
        "unknot report 'x",
        "unknot report x\nid",
        "unknot report x # \u202e",
        "sudo unknot report x",
        "unknot.compare(images, out=__import__('os').system('id'))",
        "unknot.compare(images, out='x'); import os",
        "unknot.compare(open('x'))",
        "os.system('id')",
        "unknot.compare(images)(1)",
        "unknot.a.b(images)",
        "(" * 5000,
    ],
)
def test_other_commands_are_not(text: str) -> None:
    assert not is_own_command(text)
