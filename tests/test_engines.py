"""Processes that execute runs."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from unknot import engines
from unknot.config import RunConfig, TrainingConfig
from unknot.data.image_set import ImageSet
from unknot.worker import LOG, describe_run, is_done


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """Numbers of the processes that were started."""
    numbers: list[int] = []

    class Counted(engines._Process):
        def __init__(self, threads: int, device: str, log: Path) -> None:
            super().__init__(threads, device, log)
            numbers.append(self._child.pid)

    monkeypatch.setattr(engines, "_Process", Counted)
    yield numbers
    assert not engines._idle
    assert not engines._busy


def described(images: ImageSet, folder: Path, steps: int = 2) -> Path:
    describe_run(RunConfig(training=TrainingConfig(steps=steps).resolved()), images, folder)
    return folder


def test_a_process_is_kept_for_the_next_run(
    small_faces: ImageSet, tmp_path: Path, started: list[int]
) -> None:
    folders = [described(small_faces, tmp_path / name) for name in "ab"]
    with engines.LocalExecutor(1) as executor:
        jobs = [executor.submit(engines.launch_runs, [folder], 1, "cpu") for folder in folders]
        assert [job.result() for job in jobs] == [0, 0]
        assert len(started) == 1
        os.kill(started[0], 0)
    assert all(is_done(folder) for folder in folders)
    with pytest.raises(ProcessLookupError):
        os.kill(started[0], 0)


def test_what_goes_wrong_is_in_the_runs_own_log(
    small_faces: ImageSet, tmp_path: Path, started: list[int]
) -> None:
    broken, whole = (described(small_faces, tmp_path / name) for name in "ab")
    (broken / "images.json").write_text('{"fingerprint": "another", "prepared": "/nowhere"}')
    with engines.LocalExecutor(1) as executor:
        assert executor.submit(engines.launch_runs, [broken], 1, "cpu").result() == 2
        assert executor.submit(engines.launch_runs, [whole], 1, "cpu").result() == 0
    assert "images have changed" in (broken / LOG).read_text()
    assert "images have changed" not in (whole / LOG).read_text()
    assert is_done(whole)


def test_a_process_that_is_killed(
    small_faces: ImageSet, tmp_path: Path, started: list[int]
) -> None:
    folder = described(small_faces, tmp_path / "a", steps=10_000)

    def kill() -> None:
        while not (folder / "history.jsonl").exists():
            time.sleep(0.05)
        os.kill(started[0], signal.SIGKILL)

    killer = threading.Thread(target=kill)
    killer.start()
    with engines.LocalExecutor(1) as executor:
        assert executor.submit(engines.launch_runs, [folder], 1, "cpu").result() == -signal.SIGKILL
    killer.join()
    assert f"ended by signal {int(signal.SIGKILL)}" in (folder / LOG).read_text()


def test_processes_at_work_are_told_to_stop(
    small_faces: ImageSet, tmp_path: Path, started: list[int]
) -> None:
    folder = described(small_faces, tmp_path / "a", steps=10_000)

    def stop() -> None:
        while not (folder / "history.jsonl").exists():
            time.sleep(0.05)
        engines.stop_children()

    stopper = threading.Thread(target=stop)
    stopper.start()
    assert engines.launch_runs([folder], 1, "cpu") == 130
    stopper.join()
    assert (folder / "checkpoint").is_dir()
