"""Runs as jobs of Slurm: what is submitted, and what is not submitted twice."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.fake_slurm import FakeSlurm
from unknot.common.errors import UserError
from unknot.experiments.engines import Job, LeavingEngine, build_engine
from unknot.experiments.engines.slurm import SlurmEngine, array_script, last_script
from unknot.experiments.engines.slurm_queue import read_record
from unknot.runs.experiment_folder import ExperimentFolder


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    place = tmp_path / "bin"
    place.mkdir()
    fake = FakeSlurm(place, monkeypatch)
    fake.answer("sbatch", "12;cluster\n")
    return fake


@pytest.fixture
def folder(tmp_path: Path) -> ExperimentFolder:
    """A folder with a name that a shell, and Slurm, would take apart."""
    path = tmp_path / "50% of 'all' $HOME"
    path.mkdir()
    (path / "experiment.toml").touch()
    return ExperimentFolder(path)


def jobs_of(folder: ExperimentFolder, *groups: str) -> list[Job]:
    """Give a job for each group of runs, such as `a` or `b/c`."""
    return [
        Job(
            folders=tuple(str(folder.path / name) for name in group.split("/")),
            device="auto",
            jobs_per_machine=1,
        )
        for group in groups
    ]


def executed(script: str, number: int) -> list[str]:
    """Give the command that a script executes as one element, its words quoted."""
    shown = subprocess.run(
        ["bash"],
        input=script,
        env={"SLURM_ARRAY_TASK_ID": str(number), "SLURM_CPUS_PER_TASK": "3"},
        capture_output=True,
        text=True,
        check=True,
    )
    return shown.stdout.splitlines()


@pytest.fixture
def printing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the place of Python, a program that prints what it is given, a line each."""
    program = tmp_path / "python"
    program.write_text('#!/bin/sh\nprintf "%s\\n" "$@" "$OMP_NUM_THREADS"\n')
    program.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(program))


@pytest.mark.usefixtures("printing")
def test_each_job_of_an_array_executes_the_runs_of_its_number(folder: ExperimentFolder) -> None:
    names = ["beta-1_seed-0", "beta-2_seed-0/beta-4_seed-0", "it's `id` $(id)"]
    script = array_script(folder, jobs_of(folder, *names), "echo ready")
    for number, runs in enumerate(names):
        assert executed(script, number) == [
            "ready",
            "-P",
            "-m",
            "unknot.experiments.engines.slurm_job",
            str(folder.path),
            "--device=auto",
            "--scores=quick",
            "--pictures=all",
            f"--runs={runs}",
            "3",
        ]


@pytest.mark.usefixtures("printing")
def test_the_last_job_writes_evidence_and_page(folder: ExperimentFolder) -> None:
    assert executed(last_script(folder, ""), 0)[-2:] == ["--finish", "3"]


def test_the_options_are_those_of_sbatch(folder: ExperimentFolder, slurm: FakeSlurm) -> None:
    engine = SlurmEngine(
        partition="gpu",
        account="lab",
        qos="long",
        time="2:00:00",
        memory="4G",
        cores=3,
        gpus=2,
        sbatch="--constraint=a100 --exclude=node7",
    )
    engine.submit(jobs_of(folder, "a", "b"), at_a_time=5)
    (words,) = slurm.calls("sbatch")
    for option in (
        "--parsable",
        "--partition=gpu",
        "--account=lab",
        "--qos=long",
        "--time=2:00:00",
        "--mem=4G",
        "--cpus-per-task=3",
        "--gres=gpu:2",
        "--constraint=a100",
        "--exclude=node7",
        "--array=0-1%5",
        "--requeue",
        "--signal=B:USR1@60",
    ):
        assert option in words
    assert "50%%" in " ".join(words)  # Slurm reads %x in the name of a log


def test_what_is_left_out_is_left_to_the_cluster(
    folder: ExperimentFolder, slurm: FakeSlurm
) -> None:
    SlurmEngine().submit(jobs_of(folder, "a"), at_a_time=1)
    (words,) = slurm.calls("sbatch")
    named = [word.split("=")[0] for word in words]
    assert not {"--partition", "--account", "--qos", "--time", "--mem", "--gres"} & set(named)


def test_jobs_that_are_in_the_queue_are_not_submitted_again(
    folder: ExperimentFolder, slurm: FakeSlurm
) -> None:
    engine = SlurmEngine()
    assert engine.submit(jobs_of(folder, "a", "b", "c"), 9).arrays == {12}
    slurm.answer("squeue", "12|0|COMPLETED\n12|1|PENDING\n12|2|RUNNING\n")
    slurm.answer("sbatch", "15\n")
    submitted = engine.submit(jobs_of(folder, "a", "b", "c", "d"), 9)
    assert submitted.elements == [(15, 0), (12, 1), (12, 2), (15, 1)]
    assert submitted.arrays == {15}
    slurm.answer("squeue", "15|0|RUNNING\n15|1|RUNNING\n")
    assert engine.submit(jobs_of(folder, "a", "d"), 9).arrays == set()
    assert len(slurm.calls("sbatch")) == 2


def test_more_runs_than_an_array_takes_are_several(
    folder: ExperimentFolder, slurm: FakeSlurm
) -> None:
    SlurmEngine(array_size=2).submit(jobs_of(folder, "a", "b", "c", "d", "e"), at_a_time=9)
    arrays = [word for words in slurm.calls("sbatch") for word in words if "--array" in word]
    assert arrays == ["--array=0-1%9", "--array=0-1%9", "--array=0-0%9"]


def test_what_is_left_has_a_last_job_after_it(folder: ExperimentFolder, slurm: FakeSlurm) -> None:
    engine = SlurmEngine(gpus=1)
    assert isinstance(engine, LeavingEngine)
    slurm.answer("squeue", "12|0|PENDING\n12|1|RUNNING\n11|N/A|PENDING\n")
    line = engine.leave(jobs_of(folder, "a", "b"), 2)
    assert line.startswith("2 jobs are in Slurm's queue (12), and one more (12)")
    words = slurm.calls("sbatch")[-1]
    assert "--dependency=afterany:12" in words
    assert "--gres=gpu:1" not in words
    assert slurm.script().endswith("--finish\n")
    record = read_record(folder)
    assert record
    assert record.last_job == 12
    assert slurm.calls("scancel") == []
    slurm.answer("squeue", "12|N/A|PENDING\n")
    engine.submit_last(folder)
    assert [words[-1] for words in slurm.calls("scancel")] == ["12"]


def test_a_refusal_leaves_a_record_of_nothing(folder: ExperimentFolder, slurm: FakeSlurm) -> None:
    slurm.answer("sbatch", error="sbatch: error: Batch job submission failed: no\n")
    with pytest.raises(UserError, match="refused by Slurm"):
        SlurmEngine().submit(jobs_of(folder, "a"), at_a_time=1)
    record = read_record(folder)
    assert record
    assert record.elements() == {}


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"cores": 0}, "cores is 0"),
        ({"gpus": -1}, "gpus is -1"),
        ({"array_size": 0}, "array_size is 0"),
        ({"seconds_to_save": 0}, "seconds_to_save is 0"),
        ({"time": 30}, "option time of engine slurm is 30; it must be like ''"),
        ({"partition": "a\nb"}, "must be one line"),
        ({"sbatch": "--comment='x"}, "a quote is not closed"),
        ({"patition": "x"}, "did you mean 'partition'"),
    ],
)
def test_options_that_make_no_sense(options: dict[str, object], words: str) -> None:
    with pytest.raises(UserError, match=words):
        build_engine("slurm", options)


def test_a_machine_without_slurm_is_told_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(UserError, match=r"there is no sbatch here; .* login node"):
        build_engine("slurm", {})
