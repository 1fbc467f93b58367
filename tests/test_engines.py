"""Processes that execute runs."""

import io
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unknot import engines, worker
from unknot.config import RunConfig, TrainingConfig
from unknot.data.image_set import ImageSet
from unknot.training.history import last_step
from unknot.worker import LOG, describe_run, is_done

DEADLINE = 60.0


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[str]]:
    """The processes that were started."""
    children: list[subprocess.Popen[str]] = []
    popen = subprocess.Popen

    def remembered(*args: Any, **options: Any) -> subprocess.Popen[str]:
        children.append(popen(*args, **options))
        return children[-1]

    monkeypatch.setattr(engines.subprocess, "Popen", remembered)
    return children


def described(images: ImageSet, folder: Path, steps: int = 2) -> Path:
    describe_run(RunConfig(training=TrainingConfig(steps=steps).resolved()), images, folder)
    return folder


def once_it_trains(folder: Path, job: Callable[[], None]) -> None:
    """Do something, beside the test, when a run has taken some steps."""

    def wait() -> None:
        begun = time.monotonic()
        while last_step(folder) < 20 and time.monotonic() - begun < DEADLINE:
            time.sleep(0.05)
        job()

    threading.Thread(target=wait, daemon=True).start()


def test_a_process_is_kept_for_the_next_run(
    small_faces: ImageSet, tmp_path: Path, started: list[subprocess.Popen[str]]
) -> None:
    whole, broken = (described(small_faces, tmp_path / name) for name in "ab")
    (broken / "images.json").write_text('{"fingerprint": "another", "prepared": "/nowhere"}')
    with engines.LocalExecutor(1) as executor:
        jobs = [executor.submit(engines.launch_runs, [at], 1, "cpu") for at in (whole, broken)]
        assert [job.result() for job in jobs] == [0, 2]
        assert len(started) == 1
    assert started[0].returncode == 0
    assert is_done(whole)
    assert "images have changed" in (broken / LOG).read_text()
    assert "images have changed" not in (whole / LOG).read_text()


def test_one_that_has_ended_is_not_used(
    small_faces: ImageSet, tmp_path: Path, started: list[subprocess.Popen[str]]
) -> None:
    folders = [described(small_faces, tmp_path / name) for name in "ab"]
    with engines.LocalExecutor(1) as executor:
        assert executor.submit(engines.launch_runs, [folders[0]], 1, "cpu").result() == 0
        started[0].kill()
        started[0].wait()
        assert executor.submit(engines.launch_runs, [folders[1]], 1, "cpu").result() == 0
    assert len(started) == 2


def test_elsewhere_none_is_kept(
    small_faces: ImageSet, tmp_path: Path, started: list[subprocess.Popen[str]]
) -> None:
    assert engines.launch_runs([described(small_faces, tmp_path / "a")], 1, "cpu") == 0
    assert started[0].returncode == 0


def test_a_process_that_is_killed(
    small_faces: ImageSet, tmp_path: Path, started: list[subprocess.Popen[str]]
) -> None:
    folder = described(small_faces, tmp_path / "a", steps=10_000)
    once_it_trains(folder, lambda: started[0].kill())
    with engines.LocalExecutor(1) as executor:
        assert executor.submit(engines.launch_runs, [folder], 1, "cpu").result() == -signal.SIGKILL
    assert f"ended by signal {int(signal.SIGKILL)}" in (folder / LOG).read_text()


def test_processes_at_work_are_told_to_stop(small_faces: ImageSet, tmp_path: Path) -> None:
    folder = described(small_faces, tmp_path / "a", steps=10_000)
    once_it_trains(folder, engines.stop_children)
    assert engines.launch_runs([folder], 1, "cpu") == 130
    assert (folder / "checkpoint").is_dir()


def test_an_interruption_here_reaches_the_process(
    small_faces: ImageSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    started: list[subprocess.Popen[str]],
) -> None:
    def interrupted(*arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(engines.Process, "execute", interrupted)
    with pytest.raises(KeyboardInterrupt):
        engines.launch_runs([described(small_faces, tmp_path / "a")], 1, "cpu")
    assert started[0].returncode == -signal.SIGTERM


def test_what_is_printed_while_importing_is_no_answer(
    small_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('hello')")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    assert engines.launch_runs([described(small_faces, tmp_path / "a")], 1, "cpu") == 0


def test_a_process_that_cannot_start(
    small_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('broken on purpose')")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    folder = described(small_faces, tmp_path / "a")
    assert engines.launch_runs([folder], 1, "cpu") == 1
    assert "broken on purpose" in (folder / LOG).read_text()


def test_nobody_left_to_answer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The comparison was killed: the last words of the log stay those of the run."""
    reader, writer = os.pipe()
    os.close(reader)
    ends = [os.dup(1), os.dup(2)]
    monkeypatch.setattr("sys.argv", ["worker"])
    monkeypatch.setattr("sys.stdin", io.StringIO(f'["{tmp_path}"]\n'))
    monkeypatch.setattr(worker, "execute", lambda *_: worker.EXIT_INTERRUPTED)
    os.dup2(writer, 1)
    try:
        worker.main()
    finally:
        for end, number in zip(ends, (1, 2)):
            os.dup2(end, number)
            os.close(end)
        os.close(writer)
    assert (tmp_path / LOG).read_text() == ""
