"""One table of all runs."""

import csv
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pyarrow.parquet as pq
import pytest

from unknot.common.errors import UserError
from unknot.experiments import run_table as module
from unknot.experiments.experiment import Experiment
from unknot.experiments.run_table import COLUMNS, RunTable, check_table_path, run_table


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_row_has_what_the_run_says_of_itself(trained: Experiment) -> None:
    table = run_table(trained.folder)
    assert table.column("run") == [config.name for config in trained.config.runs()]
    assert table.column("strength") == [0.5, 2.0]
    assert table.column("state") == ["finished"] * 2
    assert table.column("steps") == [12, 12]
    for number, run in enumerate(trained.runs()):
        row, evaluation = table.rows[number], run.evaluation
        assert row["test_distortion"] == evaluation.test.distortion
        assert row["validation_elbo"] == evaluation.validation.elbo
        assert row["seconds"] == run.history()[-1]["seconds"]
        done = run.files.read_done()
        assert done is not None
        assert row["weights_sha256"] == done.digests["weights.safetensors"]
        assert evaluation.scores is not None
        scores = evaluation.scores.scores
        assert {key: row[key] for key in scores} == {k: s.value for k, s in scores.items()}
    assert set(table.columns) > set(COLUMNS)


def test_the_same_numbers_stand_in_both_files(trained: Experiment, tmp_path: Path) -> None:
    table = run_table(trained.folder)
    for name in ("runs.csv", "runs.parquet"):
        table.write(tmp_path / name)
    rows = _rows(tmp_path / "runs.csv")
    stored = pq.read_table(tmp_path / "runs.parquet").to_pydict()
    assert list(stored) == list(rows[0]) == list(table.columns)
    for name in ("test_rate", "train_loss", "mig"):
        assert [float(row[name]) for row in rows] == stored[name] == table.column(name)
    assert list(tmp_path.iterdir()) != []
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


def test_runs_that_are_not_finished_have_a_row(copied: Experiment) -> None:
    first, second = copied.runs()
    first.files.done.unlink()
    second.files.evaluation.write_text("{")
    table = run_table(copied.folder)
    stopped, damaged = table.rows
    assert (stopped["state"], stopped["step"]) == ("stopped", 12)
    assert stopped.get("test_rate") is None
    assert damaged["state"] == "failed"
    assert "evaluation.json is damaged" in damaged["problem"]


def test_text_that_a_spreadsheet_would_compute_is_quoted(tmp_path: Path) -> None:
    rows = [{"run": "=1+1", "problem": "-2", "seed": -2}, {"run": "b\udcff\x1b[2J\n"}]
    RunTable(["run", "problem", "seed"], rows).write(tmp_path / "t.csv")
    assert _rows(tmp_path / "t.csv") == [
        {"run": "'=1+1", "problem": "'-2", "seed": "-2"},
        {"run": "b\\xff\\x1b[2J\\x0a", "problem": "", "seed": ""},
    ]


def test_what_cannot_be_written_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UserError, match=r"its ending must be \.csv or \.parquet"):
        check_table_path(Path("runs.txt"))
    monkeypatch.setattr(module, "find_spec", lambda name: None)
    with pytest.raises(UserError, match=r"needs pyarrow; .* or write a \.csv"):
        check_table_path(Path("runs.parquet"))
    with pytest.raises(UserError, match="a data frame needs pandas: pip install pandas"):
        RunTable(["run"], []).data_frame()


def test_an_experiment_gives_its_table_as_a_data_frame(
    trained: Experiment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def frame(columns: dict[str, Any]) -> dict[str, Any]:
        return columns

    monkeypatch.setitem(sys.modules, "pandas", SimpleNamespace(DataFrame=frame))
    monkeypatch.setattr(module, "find_spec", lambda name: object())
    columns = trained.table()
    assert columns["strength"] == [0.5, 2.0]
    assert len(columns["mig"]) == 2
