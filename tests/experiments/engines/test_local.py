"""Worker processes: kept, killed, told to stop, unable to start."""

import json
import os
import signal
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unknot.config.parts import ModelConfig, TrainingConfig
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.experiments.engines import Job, local
from unknot.experiments.engines.local import LocalRunner, WorkerPool, WorkerProcess
from unknot.runs.folder import RunFolder
from unknot.runs.history import last_step

DEADLINE = 60.0


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[subprocess.Popen[str]]:
    """The processes that were started."""
    children: list[subprocess.Popen[str]] = []
    popen = subprocess.Popen

    def remembering(*args: Any, **options: Any) -> subprocess.Popen[str]:
        children.append(popen(*args, **options))
        return children[-1]

    monkeypatch.setattr(local.subprocess, "Popen", remembering)
    return children


def described(images: ImageSet, folder: Path, steps: int = 2) -> RunFolder:
    """Describe a run that is quickly trained."""
    run_folder = RunFolder(folder)
    model = ModelConfig(network="linear", latent_dim=2)
    training = TrainingConfig(steps=steps, batch_size=4).resolved()
    run_folder.create(RunConfig(model=model, training=training), images)
    return run_folder


def job_of(folder: RunFolder) -> Job:
    return Job(folders=(str(folder.path),), device="cpu", jobs_per_machine=2)


def once_it_trains(folder: RunFolder, action: Callable[[], None]) -> None:
    """Do something, beside the test, when a run has taken some steps."""

    def wait() -> None:
        began = time.monotonic()
        while last_step(folder.history) < 20 and time.monotonic() - began < DEADLINE:
            time.sleep(0.05)
        action()

    threading.Thread(target=wait, daemon=True).start()


@pytest.mark.slow
def test_a_process_is_kept_for_the_next_run_unless_it_has_exited(
    bare_faces: ImageSet, tmp_path: Path, started: list[subprocess.Popen[str]]
) -> None:
    whole, broken, third = (described(bare_faces, tmp_path / name) for name in "abc")
    record = broken.read_images()._replace(fingerprint="another")
    broken.images.write_text(json.dumps(record._asdict()))
    runner = LocalRunner(1)
    assert [runner.submit(job_of(folder)).result() for folder in (whole, broken)] == [0, 2]
    assert len(started) == 1
    started[0].kill()
    started[0].wait()
    assert runner.submit(job_of(third)).result() == 0
    runner.close()
    assert len(started) == 2
    assert started[1].returncode == 0
    assert whole.is_done
    assert "images have changed" in broken.log.read_text()
    assert "images have changed" not in whole.log.read_text()


@pytest.mark.slow
def test_a_job_that_is_not_wanted_any_more_saves_and_stops(
    bare_faces: ImageSet, tmp_path: Path, started: list[subprocess.Popen[str]]
) -> None:
    folder, order = described(bare_faces, tmp_path / "a", steps=100_000), tmp_path / "order"
    order.touch()
    job = job_of(folder)._replace(order=str(order))
    once_it_trains(folder, order.unlink)
    pool = WorkerPool(keeps_idle=True)
    assert pool.run(job) == 143
    assert folder.checkpoint.is_dir()
    assert pool.run(job) == 143
    assert len(started) == 1


@pytest.mark.slow
def test_a_process_that_is_killed(
    bare_faces: ImageSet, tmp_path: Path, started: list[subprocess.Popen[str]]
) -> None:
    folder = described(bare_faces, tmp_path / "a", steps=100_000)
    once_it_trains(folder, lambda: started[0].kill())
    assert WorkerPool(keeps_idle=True).run(job_of(folder)) == -signal.SIGKILL
    assert folder.last_log_line().startswith("error: the process was ended by signal 9: killed, ")


@pytest.mark.parametrize(
    ("number", "status", "words"),
    [
        (signal.SIGTERM, 143, "interrupted (signal 15, SIGTERM)"),
        (signal.SIGINT, 130, "interrupted (signal 2, SIGINT)"),
        (signal.SIGSEGV, -11, "the process was ended by signal 11 (SIGSEGV)"),
    ],
)
def test_what_ended_a_process_is_told_as_what_it_was(
    number: signal.Signals,
    status: int,
    words: str,
    bare_faces: ImageSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    folder = described(bare_faces, tmp_path / "a")
    monkeypatch.setattr(local, "START", f"import os; os.kill(os.getpid(), {int(number)})")
    assert WorkerPool(keeps_idle=False).run(job_of(folder)) == status
    assert folder.last_log_line() == words


def test_a_process_that_does_not_stop_is_killed(
    bare_faces: ImageSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    started: list[subprocess.Popen[str]],
) -> None:
    """Neither one that is stopped nor one that goes on in spite of it keeps anybody waiting."""
    folder = described(bare_faces, tmp_path / "a")
    deaf = "import os, signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); "
    monkeypatch.setattr(
        local, "START", f"{deaf}import time; os.kill(os.getpid(), signal.SIGSTOP); time.sleep(60)"
    )
    monkeypatch.setattr(local, "SECONDS_TO_STOP", 0.2)
    pool = WorkerPool(keeps_idle=False)

    def terminate_once_stopped() -> None:
        while not started or state_of(started[0].pid) != "T":
            time.sleep(0.01)
        pool.terminate()

    threading.Thread(target=terminate_once_stopped, daemon=True).start()
    assert pool.run(job_of(folder)) == 143
    assert folder.last_log_line() == "interrupted"


def state_of(pid: int) -> str:
    """The letter of a process's state, as Linux has it."""
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]


@pytest.mark.slow
def test_processes_at_work_are_told_to_stop(bare_faces: ImageSet, tmp_path: Path) -> None:
    folder = described(bare_faces, tmp_path / "a", steps=100_000)
    pool = WorkerPool(keeps_idle=False)
    once_it_trains(folder, pool.terminate)
    assert pool.run(job_of(folder)) == 143
    assert folder.checkpoint.is_dir()


def test_an_interruption_here_reaches_the_process(
    bare_faces: ImageSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    started: list[subprocess.Popen[str]],
) -> None:
    def interrupted(*arguments: object) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(WorkerProcess, "execute", interrupted)
    with pytest.raises(KeyboardInterrupt):
        WorkerPool(keeps_idle=True).run(job_of(described(bare_faces, tmp_path / "a")))
    assert started[0].returncode == -signal.SIGTERM


@pytest.mark.slow
def test_what_is_printed_while_importing_is_no_answer(
    bare_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('hello')")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    folder = described(bare_faces, tmp_path / "a")
    assert WorkerPool(keeps_idle=False).run(job_of(folder)) == 0


def test_a_process_that_cannot_start(
    bare_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "torch.py").write_text("raise ImportError('broken on purpose')")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}:{os.environ.get('PYTHONPATH', '')}")
    folder = described(bare_faces, tmp_path / "a")
    assert WorkerPool(keeps_idle=False).run(job_of(folder)) == 1
    assert "broken on purpose" in folder.log.read_text()
