"""The command line as a whole: overview, help, typing errors, faults of the disk."""

import errno
import re
from pathlib import Path

import pytest

from tests.command_line import fails
from unknot.cli import COMMANDS, inspect, main

README = Path(__file__).parents[2] / "README.md"


def test_every_command_is_in_the_overview_and_has_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--help"]) == 0
    overview = capsys.readouterr().out
    for name in COMMANDS:
        assert re.search(rf"^  {name} ", overview, re.MULTILINE)
        with pytest.raises(SystemExit) as ended:
            main([name, "--help"])
        assert ended.value.code == 0
        assert "usage: unknot " + name in capsys.readouterr().out


def test_mistyped_commands_and_options(capsys: pytest.CaptureFixture[str]) -> None:
    assert "did you mean 'compare'" in fails(["compar"], capsys)
    assert "did you mean --latent-dim?" in fails(["compare", "--latent-dims", "3"], capsys)


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert re.fullmatch(r"unknot \d+\.\d+\.\d+\n", capsys.readouterr().out)


def test_every_help_has_an_example(capsys: pytest.CaptureFixture[str]) -> None:
    for name in COMMANDS:
        with pytest.raises(SystemExit):
            main([name, "--help"])
        out = capsys.readouterr().out
        assert f"Example: unknot {name}" in out or name == "doctor"


def test_what_most_people_set_comes_first_in_the_help_of_compare(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["compare", "--help"])
    out = capsys.readouterr().out
    out = out[out.index("positional arguments") :]
    names = ["DATA", "--betas", "--seeds", "--latent-dim", "--steps", "--size", "--log-every"]
    places = [out.index(f" {name} ") for name in names]
    assert places == sorted(places)
    assert "(default: 3000; 10000 with recipe higgins)" in " ".join(out.split())
    assert "None" not in out


def test_a_full_disk_is_one_line(
    experiment: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def full(options: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", "runs/x/weights.safetensors")

    monkeypatch.setattr(inspect, "report_command", full)
    line = fails(["report", str(experiment)], capsys)
    assert "the disk is full (runs/x/weights.safetensors)" in line


def test_the_readme_names_only_commands_that_exist() -> None:
    commands = set(re.findall(r"^unknot ([\w-]+)", README.read_text(), re.MULTILINE))
    assert commands <= set(COMMANDS)
    assert "compare" in commands
