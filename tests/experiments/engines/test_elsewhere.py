"""Jobs that are sent elsewhere: followed, sent again, told to stop, given up."""

import pickle
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest

from unknot.experiments.engines import Job, elsewhere
from unknot.experiments.engines.elsewhere import ElsewhereRunner, KeptPool, execute_job
from unknot.experiments.engines.worker import EXIT_FAULT
from unknot.runs.folder import RunFolder

DEADLINE = 10.0


class LostError(Exception):
    """A machine is gone."""


class Machines:
    """Takes jobs, and leaves to the test what comes of them."""

    def __init__(self) -> None:
        self.jobs: list[Job] = []
        self.answers: list[Future[int]] = []

    def send(self, job: Job) -> "Future[int]":
        self.jobs.append(job)
        self.answers.append(Future())
        return self.answers[-1]


@pytest.fixture
def machines() -> Machines:
    return Machines()


def job_in(folder: Path, name: str = "a") -> Job:
    path = folder / name
    path.mkdir()
    return Job(folders=(str(path),), device="cpu", jobs_per_machine=1)


def until(is_so: Callable[[], bool]) -> None:
    began = time.monotonic()
    while not is_so() and time.monotonic() - began < DEADLINE:
        time.sleep(0.02)
    assert is_so()


def test_what_is_sent_is_paths_and_names(tmp_path: Path, machines: Machines) -> None:
    runner = ElsewhereRunner(machines.send)
    runner.submit(job_in(tmp_path))
    sent = pickle.loads(pickle.dumps(machines.jobs[0]))
    assert sent == machines.jobs[0]
    assert all(isinstance(value, str | int | tuple | None) for value in sent)
    assert len(pickle.dumps(execute_job)) < 100
    machines.answers[0].set_result(0)
    runner.close()


def test_no_more_are_sent_at_a_time_than_asked(tmp_path: Path, machines: Machines) -> None:
    runner = ElsewhereRunner(machines.send, at_a_time=2)
    futures = [runner.submit(job_in(tmp_path, name)) for name in "abcd"]
    assert len(machines.jobs) == 2
    machines.answers[1].set_result(2)
    assert [Path(job.folders[0]).name for job in machines.jobs] == ["a", "b", "c"]
    for answer in (machines.answers[0], machines.answers[2]):
        answer.set_result(0)
    machines.answers[3].set_result(75)
    assert [future.result() for future in futures] == [0, 2, 0, 75]
    runner.close()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b", "c", "d"]


@pytest.mark.parametrize("has_word", [True, False])
def test_a_job_is_sent_again_whose_machine_was_lost(
    has_word: bool, tmp_path: Path, machines: Machines
) -> None:
    """Also where its process was ended by a signal that was not ours."""
    runner = ElsewhereRunner(machines.send, retries=2, lost=(LostError,))
    future = runner.submit(job_in(tmp_path))

    def lose() -> None:
        if has_word:
            machines.answers[-1].set_exception(LostError("node 7\nis gone"))
        else:
            machines.answers[-1].set_result(143)

    lose()
    lose()
    assert len(machines.jobs) == 3
    assert not future.done()
    lose()
    assert future.result() == EXIT_FAULT
    why = "LostError: node 7" if has_word else "stopped"
    line = RunFolder(tmp_path / "a").last_log_line()
    assert line.startswith(f"error: its machine was lost 3 times ({why}); ")
    runner.close()


def test_what_cannot_be_executed_is_said_in_the_log_of_its_run(
    tmp_path: Path, machines: Machines
) -> None:
    runner = ElsewhereRunner(machines.send, retries=2, lost=(LostError,))
    future = runner.submit(job_in(tmp_path))
    machines.answers[0].set_exception(ModuleNotFoundError("No module named 'unknot'\nmore"))
    assert future.result() == EXIT_FAULT
    assert RunFolder(tmp_path / "a").last_log_line() == (
        "error: it could not be executed: ModuleNotFoundError: No module named 'unknot'"
    )
    runner.close()


def test_a_stop_withdraws_the_order_and_waits_for_what_is_at_work(
    tmp_path: Path, machines: Machines
) -> None:
    runner = ElsewhereRunner(machines.send, at_a_time=1, retries=2)
    at_work, waiting = (runner.submit(job_in(tmp_path, name)) for name in "ab")
    machines.answers[0].set_running_or_notify_cancel()
    until(at_work.running)
    assert machines.jobs[0].is_wanted
    runner.stop()
    assert not machines.jobs[0].is_wanted
    assert waiting.cancelled()
    threading.Timer(0.1, machines.answers[0].set_result, [143]).start()
    runner.close()
    assert at_work.result() == 143
    assert len(machines.jobs) == 1


def test_a_stop_takes_what_has_not_begun_out_of_an_executors_queue(
    tmp_path: Path, machines: Machines
) -> None:
    """A cluster's future can be canceled too, but that would not be heard there."""
    for drops_queued in (True, False):
        folder = tmp_path / str(drops_queued)
        folder.mkdir()
        runner = ElsewhereRunner(machines.send, drops_queued=drops_queued)
        future = runner.submit(job_in(folder))
        runner.stop()
        assert future.cancelled() == machines.answers[-1].cancelled() == drops_queued
        if not drops_queued:
            machines.answers[-1].set_result(143)
        runner.close()


def test_what_does_not_answer_a_stop_is_left(
    tmp_path: Path, machines: Machines, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(elsewhere, "PATIENCE_AT_THE_END", 0.1)
    ended: list[int] = []
    runner = ElsewhereRunner(machines.send, end=lambda: ended.append(1))
    future = runner.submit(job_in(tmp_path))
    machines.answers[0].set_running_or_notify_cancel()
    runner.stop()
    runner.close()
    assert (future.result(), ended) == (143, [1])


def test_a_job_has_begun_when_its_run_is_held(tmp_path: Path, machines: Machines) -> None:
    runner = ElsewhereRunner(machines.send)
    first, second = (runner.submit(job_in(tmp_path, name)) for name in "ab")
    with RunFolder(tmp_path / "b").locked():
        until(second.running)
    assert not first.running()
    for answer in machines.answers:
        answer.set_result(0)
    runner.close()


def test_an_executor_of_this_machine_says_itself_what_is_at_work(tmp_path: Path) -> None:
    goes_on = threading.Event()
    with ThreadPoolExecutor(1) as executor:
        runner = ElsewhereRunner(lambda job: executor.submit(lambda: int(not goes_on.wait(9))))
        first, second = (runner.submit(job_in(tmp_path, name)) for name in "ab")
        until(first.running)
        assert not second.running()
        goes_on.set()
        runner.close()
    assert [first.result(), second.result()] == [0, 0]


def test_a_process_that_was_kept_ends_when_nothing_is_to_do(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(elsewhere, "IDLE_SECONDS", 0.05)
    pool, closed = KeptPool(), threading.Event()
    monkeypatch.setattr(pool._pool, "run", lambda job: 0)
    monkeypatch.setattr(pool._pool, "close", closed.set)
    assert pool.run(Job(folders=("a",), device="cpu", jobs_per_machine=1)) == 0
    assert closed.wait(DEADLINE)
