"""Slurm's commands as scripts that keep what they are given, and answer what a test has set."""

import os
from pathlib import Path

import pytest

COMMANDS = ("sbatch", "squeue", "scancel", "scontrol")
SCRIPT = """#!/bin/sh
echo "$0" "$@" >> {folder}/calls
cat > {folder}/{name}.input
cat {folder}/{name}.error >&2
cat {folder}/{name}.answer
test ! -s {folder}/{name}.error
"""


class FakeSlurm:
    """Commands in a folder that comes first on the path.

    Args:
        folder: for the commands and what they keep.
        monkeypatch: puts the folder on the path.
    """

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self._folder = folder
        for name in COMMANDS:
            command = folder / name
            command.write_text(SCRIPT.format(folder=folder, name=name))
            command.chmod(0o755)
            self.answer(name)
        monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")

    def answer(self, name: str, text: str = "", error: str = "") -> None:
        """Set what a command prints; with an error it fails."""
        (self._folder / f"{name}.answer").write_text(text)
        (self._folder / f"{name}.error").write_text(error)

    def calls(self, name: str) -> list[list[str]]:
        """List the arguments of every call of a command."""
        path = self._folder / "calls"
        lines = path.read_text().splitlines() if path.exists() else []
        words = [line.split() for line in lines]
        return [rest for command, *rest in words if command.endswith(f"/{name}")]

    def script(self) -> str:
        """Give the script that was submitted last."""
        return (self._folder / "sbatch.input").read_text()
