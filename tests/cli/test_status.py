"""`unknot status`."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.command_line import fails
from unknot.cli import main


def test_it_tells_how_far_an_experiment_is(
    experiment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["status", str(experiment)]) == 0
    out = capsys.readouterr().out
    assert "runs are finished." in out
    assert f"page: {experiment / 'report.html'}" in out
    assert main(["status", str(experiment), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert {run["state"] for run in document["runs"]} == {"finished"}
    assert document["runs"][0]["step"] == document["runs"][0]["steps"]


def test_it_imports_nothing_heavy(experiment: Path) -> None:
    code = (
        "import sys; from unknot.cli import main; main(['status', sys.argv[1]]); "
        "print([name for name in ('torch', 'scipy', 'pandas') if name in sys.modules])"
    )
    command = [sys.executable, "-c", code, str(experiment)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_folder_without_an_experiment_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "is not the folder of an experiment" in fails(["status", str(tmp_path)], capsys)
