"""What Slurm has of an experiment: records that are read within limits, and its commands."""

import json
import shutil
from pathlib import Path

import pytest

from tests.fake_slurm import FakeSlurm
from unknot.common.errors import UserError
from unknot.experiments.engines import slurm_queue
from unknot.experiments.engines.slurm_queue import (
    ENDED,
    LAST,
    SlurmRecord,
    SlurmState,
    Submission,
    ask_states,
    call,
    cancel_jobs,
    element_text,
    in_queue,
    job_states,
    jobs_shown,
    new_record,
    parse_states,
    read_record,
    write_record,
)
from unknot.runs.experiment_folder import ExperimentFolder


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    place = tmp_path / "bin"
    place.mkdir()
    return FakeSlurm(place, monkeypatch)


@pytest.fixture
def folder(tmp_path: Path) -> ExperimentFolder:
    path = tmp_path / "experiment"
    path.mkdir()
    return ExperimentFolder(path)


@pytest.fixture
def record(folder: ExperimentFolder) -> SlurmRecord:
    """Three runs in two arrays, one of them submitted twice."""
    record = new_record(folder)
    record = record.with_array(Submission(job=7, runs=(("a",), ("b", "c"))))
    record = record.with_array(Submission(job=9, runs=(("a",),)))
    write_record(folder, record)
    return record


def test_a_record_is_read_as_it_was_written(folder: ExperimentFolder, record: SlurmRecord) -> None:
    assert read_record(folder) == record
    assert record.elements() == {"a": (9, 0), "b": (7, 1), "c": (7, 1)}
    assert record.only({(9, 0)}).elements() == {"a": (9, 0)}


def test_jobs_of_two_experiments_differ_in_name(folder: ExperimentFolder) -> None:
    assert new_record(folder).name != new_record(folder).name


def test_without_a_record_nothing_was_submitted(folder: ExperimentFolder) -> None:
    assert read_record(folder) is None
    assert job_states(folder) == {}
    assert cancel_jobs(folder) == {}


def test_the_copy_of_a_folder_has_no_jobs(
    folder: ExperimentFolder, record: SlurmRecord, tmp_path: Path
) -> None:
    copy = ExperimentFolder(tmp_path / "copy")
    shutil.copytree(folder.path, copy.path)
    assert read_record(copy) is None
    folder.path.rename(tmp_path / "as_another_machine_calls_it")
    assert read_record(copy) == record


@pytest.mark.parametrize(
    "change",
    [
        {"name": "somebody-elses-jobs"},
        {"name": "unknot-0123456789abcdef --user=root"},
        {"name": 3},
        {"last_job": "7"},
        {"submissions": [{"job": "7", "runs": []}]},
        {"submissions": [{"job": 7, "runs": [[1]]}]},
        {"submissions": 7},
        {"folder": None},
    ],
)
def test_a_record_that_was_changed_is_refused(
    change: dict[str, object], folder: ExperimentFolder, record: SlurmRecord
) -> None:
    document = json.loads(folder.slurm.read_text())
    folder.slurm.write_text(json.dumps(document | change))
    with pytest.raises(UserError, match="is damaged"):
        read_record(folder)


def test_a_record_is_read_through_no_link(
    folder: ExperimentFolder, record: SlurmRecord, tmp_path: Path
) -> None:
    folder.slurm.rename(tmp_path / "elsewhere.json")
    folder.slurm.symlink_to(tmp_path / "elsewhere.json")
    with pytest.raises(UserError, match="nothing is read through it"):
        read_record(folder)


def test_what_squeue_prints() -> None:
    text = "12|0|RUNNING\n12|1|PENDING\n12|2|COMPLETED\n13|N/A|PENDING\n"
    states = parse_states(text)
    assert states == {
        (12, 0): "RUNNING",
        (12, 1): "PENDING",
        (12, 2): "COMPLETED",
        (13, LAST): "PENDING",
    }
    assert in_queue(states) == {(12, 0), (12, 1), (13, LAST)}
    assert parse_states("") == {}
    assert "REQUEUED" not in ENDED
    assert [element_text(element) for element in states] == ["12_0", "12_1", "12_2", "13"]


def test_states_are_asked_for_jobs_of_one_name_alone(
    folder: ExperimentFolder, record: SlurmRecord, slurm: FakeSlurm
) -> None:
    slurm.answer("squeue", "7|1|RUNNING\n")
    assert job_states(folder) == {
        "a": SlurmState("9_0", "unknown"),
        "b": SlurmState("7_1", "RUNNING"),
        "c": SlurmState("7_1", "RUNNING"),
    }
    assert [f"--name={record.name}" in call for call in slurm.calls("squeue")] == [True]


def test_jobs_that_came_to_their_end_are_not_shown(
    folder: ExperimentFolder, record: SlurmRecord, slurm: FakeSlurm
) -> None:
    slurm.answer("squeue", "7|1|COMPLETED\n9|0|TIMEOUT\n")
    assert jobs_shown(folder) == {"a": SlurmState("9_0", "TIMEOUT")}
    slurm.answer("squeue", "7|1|PENDING\n")
    assert set(jobs_shown(folder)) == {"b", "c"}


def test_jobs_are_stopped_by_their_name_too(
    folder: ExperimentFolder,
    record: SlurmRecord,
    slurm: FakeSlurm,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The command that stops them says what is left; those that ended are left out."""
    answers = iter([{(7, 0): "COMPLETED", (7, 1): "RUNNING", (8, LAST): "PENDING"}, {}])
    monkeypatch.setattr(slurm_queue, "ask_states", lambda name: next(answers))
    assert cancel_jobs(folder) == {(7, 1): "RUNNING", (8, LAST): "PENDING"}
    assert slurm.calls("scancel") == [[f"--name={record.name}", "7", "8"]]


def test_some_arrays_can_be_stopped_alone(
    folder: ExperimentFolder,
    record: SlurmRecord,
    slurm: FakeSlurm,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    answers = iter([{(7, 1): "RUNNING", (9, 0): "RUNNING"}, {(7, 1): "RUNNING"}])
    monkeypatch.setattr(slurm_queue, "ask_states", lambda name: next(answers))
    assert cancel_jobs(folder, {9}) == {(9, 0): "RUNNING"}
    assert slurm.calls("scancel") == [[f"--name={record.name}", "9"]]


def test_jobs_that_do_not_stop_are_named(
    folder: ExperimentFolder,
    record: SlurmRecord,
    slurm: FakeSlurm,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(slurm_queue, "SECONDS_TO_STOP", 0.0)
    slurm.answer("squeue", "9|0|RUNNING\n")
    with pytest.raises(UserError, match="asked to stop 9_0, and has not done so yet"):
        cancel_jobs(folder)


def test_what_slurm_refuses_is_one_line(slurm: FakeSlurm) -> None:
    slurm.answer("sbatch", error="sbatch: error: invalid partition specified: x\nsbatch: error: no")
    with pytest.raises(UserError) as refused:
        call(["sbatch"])
    assert str(refused.value) == "sbatch was refused by Slurm (invalid partition specified: x; no)"


def test_a_machine_without_slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"there is no squeue here; .* login node"):
        ask_states("unknot-0")


def test_a_job_that_submits_others_keeps_its_own_environment_to_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLURM_JOB_ID", "7")
    monkeypatch.setenv("SLURM_CONF", "there")
    printed = call(["env"])
    assert "SLURM_CONF=there" in printed
    assert "SLURM_JOB_ID" not in printed
