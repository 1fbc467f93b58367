"""Jobs in Slurm's queue: submitted together, followed, stopped."""

import os
import time
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path

import pytest

from unknot.common.errors import UserError
from unknot.experiments.engines import Job, slurm_runner
from unknot.experiments.engines.slurm_queue import Element, SlurmState
from unknot.experiments.engines.slurm_runner import (
    FollowedJob,
    SlurmRunner,
    Submitted,
    explain_end,
)
from unknot.runs.experiment_folder import ExperimentFolder
from unknot.runs.folder import RunFolder

ELEMENT: Element = (12, 3)


@pytest.fixture
def run(tmp_path: Path) -> RunFolder:
    folder = RunFolder(tmp_path / "a")
    folder.path.mkdir()
    return folder


@pytest.fixture
def finished(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Names of runs that count as finished."""
    names: set[str] = set()
    monkeypatch.setattr(RunFolder, "is_done", property(lambda folder: folder.name in names))
    return names


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slurm_runner, "SETTLE_SECONDS", 0.0)
    monkeypatch.setattr(slurm_runner, "MOMENT", 0.01)
    monkeypatch.setattr(slurm_runner, "LOOK_SECONDS", (0.02, 0.02))


def job_of(folder: RunFolder) -> Job:
    return Job(folders=(str(folder.path),), device="cpu", jobs_per_machine=1)


def followed_job(folder: RunFolder) -> FollowedJob:
    return FollowedJob(job_of(folder), Future(), ELEMENT)


def test_a_job_is_over_when_its_runs_are_done(run: RunFolder, finished: set[str]) -> None:
    job = followed_job(run)
    job.look({ELEMENT: "PENDING"})
    assert not job.future.running()
    job.look({ELEMENT: "RUNNING"})
    assert job.future.running()
    finished.add("a")
    job.look({ELEMENT: "COMPLETING"})
    assert job.future.result(0) == 0


def test_a_job_that_is_requeued_is_not_over(run: RunFolder, finished: set[str]) -> None:
    job = followed_job(run)
    for state in ("RUNNING", "PREEMPTED", "PENDING", "REQUEUED", "RUNNING"):
        job.look({ELEMENT: state})
        assert not job.future.done()


@pytest.mark.parametrize(
    ("state", "log", "status", "words"),
    [
        (
            "OUT_OF_MEMORY",
            "x",
            2,
            "error: job 12_3 of Slurm was ended: it had too little memory",
        ),
        ("TIMEOUT", "x", 2, "error: job 12_3 of Slurm was ended: its time was over"),
        ("FAILED", "error: the images are gone", 2, "error: the images are gone"),
        ("FAILED", "ZeroDivisionError", 1, "ZeroDivisionError"),
        ("unknown", "", 2, "error: job 12_3 of Slurm ended before its run began; see "),
        ("CANCELLED", "interrupted", 1, "interrupted"),
    ],
)
def test_how_a_job_ended_that_is_not_done(
    state: str, log: str, status: int, words: str, run: RunFolder, finished: set[str]
) -> None:
    if log:
        run.append_log(log)
    job = followed_job(run)
    job.look({ELEMENT: state})
    assert not job.future.done()  # its files may be on their way
    time.sleep(0.001)
    job.look({ELEMENT: state})
    assert job.future.result(0) == status
    assert run.last_log_line().startswith(words)


def test_a_run_that_another_process_has_is_left_to_it(run: RunFolder, finished: set[str]) -> None:
    job = followed_job(run)
    with run.locked():
        job.look({})
        time.sleep(0.001)
        job.look({})
    assert job.future.result(0) == 75


class Queue:
    """Takes jobs, and shows them as they are set."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.submissions: list[list[str]] = []
        self.states: dict[Element, str] = {}
        self.cancelled: list[set[int]] = []
        monkeypatch.setattr(slurm_runner, "ask_states", lambda name: dict(self.states))
        monkeypatch.setattr(
            slurm_runner, "cancel_jobs", lambda folder, arrays: self.cancelled.append(set(arrays))
        )

    def submit(self, jobs: Sequence[Job]) -> Submitted:
        self.submissions.append([Path(job.folders[0]).name for job in jobs])
        array = len(self.submissions)
        elements = [(array, number) for number in range(len(jobs))]
        self.states |= dict.fromkeys(elements, "RUNNING")
        folder = ExperimentFolder(Path(jobs[0].folders[0]).parent)
        return Submitted(folder=folder, name="unknot", elements=elements, arrays={array})


def test_what_is_submitted_at_once_is_one_array(
    tmp_path: Path, finished: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = Queue(monkeypatch)
    runner = SlurmRunner(queue.submit)
    futures = [runner.submit(job_of(RunFolder(tmp_path / name))) for name in "abc"]
    finished.update("abc")
    assert [future.result(5) for future in futures] == [0, 0, 0]
    again = runner.submit(job_of(RunFolder(tmp_path / "a")))
    assert again.result(5) == 0
    runner.close()
    assert queue.submissions == [["a", "b", "c"], ["a"]]
    assert queue.cancelled == []


def test_what_is_stopped_is_what_was_submitted_here(
    tmp_path: Path, finished: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = Queue(monkeypatch)
    runner = SlurmRunner(queue.submit)
    futures = [runner.submit(job_of(RunFolder(tmp_path / name))) for name in "ab"]
    while not all(future.running() for future in futures):
        time.sleep(0.01)
    finished.add("b")
    runner.stop()
    runner.close()
    assert [future.result(0) for future in futures] == [143, 0]
    assert queue.cancelled == [{1}]


def test_jobs_that_slurm_does_not_stop_are_waited_for_no_longer(
    run: RunFolder, finished: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    queue = Queue(monkeypatch)

    def refuse(folder: ExperimentFolder, arrays: set[int]) -> None:
        raise UserError("Slurm was asked to stop 1_0, and has not done so yet")

    monkeypatch.setattr(slurm_runner, "cancel_jobs", refuse)
    runner = SlurmRunner(queue.submit)
    future = runner.submit(job_of(run))
    while not future.running():
        time.sleep(0.01)
    with pytest.raises(UserError, match="has not done so yet"):
        runner.stop()
    runner.close()
    assert future.result(0) == 143


def test_what_slurm_refuses_is_what_the_jobs_end_with(run: RunFolder) -> None:
    def refuse(jobs: Sequence[Job]) -> Submitted:
        raise UserError("no such partition")

    runner = SlurmRunner(refuse)
    future = runner.submit(job_of(run))
    with pytest.raises(UserError, match="no such partition"):
        future.result(5)
    runner.close()


def test_a_queue_that_does_not_answer_is_asked_again(
    run: RunFolder,
    finished: set[str],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    queue = Queue(monkeypatch)
    answers = iter([UserError("squeue does not answer"), None])

    def ask(name: str) -> dict[Element, str]:
        error = next(answers, None)
        if error:
            raise error
        return queue.states

    monkeypatch.setattr(slurm_runner, "ask_states", ask)
    finished.add("a")
    runner = SlurmRunner(queue.submit)
    assert runner.submit(job_of(run)).result(5) == 0
    runner.close()
    assert "does not answer" in caplog.text


def test_a_job_that_said_itself_why_it_ended_is_left_as_it_is(run: RunFolder) -> None:
    run.append_log("error: its own")
    explain_end(run, SlurmState("12_3", "FAILED"))
    assert run.log.read_text() == "error: its own\n"


def test_a_job_that_was_killed_in_the_middle_has_no_word_of_its_own(run: RunFolder) -> None:
    run.append_log("the time of the job is over; it goes on from here")
    run.history.write_text("{}")
    os.utime(run.log, (1, 1))
    explain_end(run, SlurmState("12_3", "FAILED"))
    assert run.last_log_line().startswith("error: job 12_3 of Slurm was killed, as it may be where")
    words = run.log.read_text()
    explain_end(run, SlurmState("12_3", "FAILED"))
    assert run.log.read_text() == words
