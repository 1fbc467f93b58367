"""`unknot table`."""

import json
from pathlib import Path

import pytest

from tests.command_line import fails
from unknot.cli import main


def test_it_writes_a_row_for_each_run(
    experiment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "runs.csv"
    assert main(["table", str(experiment), "--out", str(out)]) == 0
    assert capsys.readouterr().out.startswith("2 runs, ")
    assert len(out.read_text().splitlines()) == 3
    assert main(["table", str(experiment), "--out", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["num"] == 2


def test_an_ending_that_no_table_has_is_one_line(
    experiment: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    line = fails(["table", str(experiment), "--out", str(tmp_path / "runs.xls")], capsys)
    assert "its ending must be .csv or .parquet" in line
