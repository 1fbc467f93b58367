"""The command that stops what is in a cluster's queue."""

import json
from pathlib import Path

import pytest

from tests.fake_slurm import FakeSlurm
from unknot.cli import main
from unknot.experiments.engines import slurm_queue
from unknot.experiments.engines.slurm_queue import LAST, Submission, new_record, write_record
from unknot.experiments.experiment import Experiment


@pytest.fixture
def submitted(
    copied: Experiment, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> tuple[Experiment, FakeSlurm]:
    """An experiment with two runs, and a last job, in the queue."""
    place = tmp_path / "bin"
    place.mkdir()
    names = [config.name for config in copied.config.runs()]
    record = new_record(copied.files)
    write_record(
        copied.files, record.with_array(Submission(job=7, runs=tuple((n,) for n in names)))
    )
    answers = iter([{(7, 0): "RUNNING", (7, 1): "PENDING", (8, LAST): "PENDING"}])
    monkeypatch.setattr(slurm_queue, "ask_states", lambda name: next(answers, {}))
    return copied, FakeSlurm(place, monkeypatch)


def test_what_is_in_the_queue_is_stopped(
    submitted: tuple[Experiment, FakeSlurm], capsys: pytest.CaptureFixture[str]
) -> None:
    experiment, slurm = submitted
    assert main(["cancel", str(experiment.folder)]) == 0
    words = "jobs that were stopped: 1 at work, 2 waiting; every run in"
    assert capsys.readouterr().out.startswith(words)
    assert len(slurm.calls("scancel")) == 1


def test_what_was_stopped_is_a_document(
    submitted: tuple[Experiment, FakeSlurm], capsys: pytest.CaptureFixture[str]
) -> None:
    experiment, _ = submitted
    assert main(["cancel", str(experiment.folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document == {"folder": str(experiment.folder), "cancelled": ["7_0", "7_1", "8"]}


def test_where_nothing_was_submitted_a_line_says_so(
    copied: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["cancel", str(copied.folder)]) == 0
    text = capsys.readouterr().out
    assert text == f"no job of {copied.folder} is in the queue of a cluster\n"


def test_a_folder_without_an_experiment(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cancel", str(tmp_path)]) == 2
    assert "is not the folder of an experiment" in capsys.readouterr().err
