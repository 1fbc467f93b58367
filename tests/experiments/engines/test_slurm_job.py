"""A job of Slurm's: warned of its end it is saved and goes into the queue again, by itself."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.fake_slurm import FakeSlurm
from unknot.config.parts import ModelConfig, TrainingConfig
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.experiments.engines import slurm_job
from unknot.experiments.engines.slurm_job import (
    TimeWarning,
    execute_job,
    finish_experiment,
    requeue,
)
from unknot.experiments.engines.slurm_queue import Submission, new_record, write_record
from unknot.experiments.experiment import Experiment
from unknot.runs.folder import RunFolder
from unknot.runs.history import last_step
from unknot.training.checkpoint import read_training_state

DEADLINE = 60.0


@pytest.fixture
def slurm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> FakeSlurm:
    place = tmp_path / "bin"
    place.mkdir()
    monkeypatch.setenv("SLURM_ARRAY_JOB_ID", "12")
    monkeypatch.setenv("SLURM_ARRAY_TASK_ID", "3")
    return FakeSlurm(place, monkeypatch)


@pytest.fixture
def warning() -> Iterator[TimeWarning]:
    heard = TimeWarning()
    before = signal.signal(signal.SIGUSR1, heard.hear)
    yield heard
    signal.signal(signal.SIGUSR1, before)


def described(images: ImageSet, folder: Path, steps: int) -> RunFolder:
    """Describe a run that is quickly trained."""
    run_folder = RunFolder(folder)
    model = ModelConfig(network="linear", latent_dim=2)
    training = TrainingConfig(steps=steps, batch_size=4).resolved()
    run_folder.create(RunConfig(model=model, training=training), images)
    return run_folder


def send_once_it_trains(folder: RunFolder, number: signal.Signals) -> None:
    """Send this process a signal, beside the test, when a run has taken some steps."""

    def wait() -> None:
        began = time.monotonic()
        while last_step(folder.history) < 20 and time.monotonic() - began < DEADLINE:
            time.sleep(0.02)
        os.kill(os.getpid(), number)

    threading.Thread(target=wait, daemon=True).start()


def test_a_job_whose_time_is_nearly_over_goes_into_the_queue_again(
    bare_faces: ImageSet, tmp_path: Path, slurm: FakeSlurm, warning: TimeWarning
) -> None:
    folder = described(bare_faces, tmp_path / "a", steps=100_000)
    send_once_it_trains(folder, signal.SIGUSR1)
    assert execute_job([folder], "cpu", warning) == 143
    assert slurm.calls("scontrol") == [["requeue", "12_3"]]
    assert folder.last_log_line().startswith("the time of the job is over; it goes on from here")
    state = read_training_state(folder)
    assert state
    assert state.step >= 20


def test_a_job_that_is_cancelled_is_saved_and_stays_out_of_the_queue(
    bare_faces: ImageSet, tmp_path: Path, slurm: FakeSlurm, warning: TimeWarning
) -> None:
    folder = described(bare_faces, tmp_path / "a", steps=100_000)
    send_once_it_trains(folder, signal.SIGTERM)
    assert execute_job([folder], "cpu", warning) == 143
    assert slurm.calls("scontrol") == []
    assert folder.checkpoint.is_dir()


def test_a_job_without_a_step_would_end_so_again(tmp_path: Path, slurm: FakeSlurm) -> None:
    folder = RunFolder(tmp_path / "a")
    folder.path.mkdir()
    assert not requeue(folder, has_progress=False)
    assert folder.last_log_line().startswith("error: the time of the job was over before a step")
    assert slurm.calls("scontrol") == []


def test_a_cluster_that_puts_no_job_back_is_told(tmp_path: Path, slurm: FakeSlurm) -> None:
    folder = RunFolder(tmp_path / "a")
    folder.path.mkdir()
    slurm.answer("scontrol", error="Requested operation is presently disabled")
    assert not requeue(folder, has_progress=True)
    assert folder.last_log_line().startswith("error: scontrol was refused by Slurm (Requested op")


def test_a_run_that_another_process_has_is_waited_for(
    bare_faces: ImageSet, tmp_path: Path, warning: TimeWarning, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = described(bare_faces, tmp_path / "a", steps=2)
    monkeypatch.setattr(slurm_job, "TRY_SECONDS", 0.05)
    before = folder.lock()
    with ExitStack() as stack:
        stack.enter_context(before.held(0))
        threading.Timer(1.0, stack.close).start()
        assert execute_job([folder], "cpu", warning) == 0
    assert folder.is_done


def test_a_run_that_another_process_keeps_is_left_to_it(
    bare_faces: ImageSet, tmp_path: Path, warning: TimeWarning, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = described(bare_faces, tmp_path / "a", steps=2)
    monkeypatch.setattr(slurm_job, "HELD_SECONDS", 0.0)
    with folder.lock().held(0):
        assert execute_job([folder], "cpu", warning) == 75
    assert not folder.log.exists()


def test_the_last_job_says_what_became_of_the_others(copied: Experiment, slurm: FakeSlurm) -> None:
    lost, trained = (copied.files.run(config) for config in copied.config.runs())
    lost.done.unlink()
    lost.log.unlink(missing_ok=True)
    runs = ((lost.name,), (trained.name,))
    record = new_record(copied.files).with_array(Submission(job=12, runs=runs))
    write_record(copied.files, record)
    slurm.answer("squeue", "12|0|OUT_OF_MEMORY\n12|1|COMPLETED\n")
    copied.files.report.unlink()
    finish_experiment(copied.files)
    (reason,) = copied.failures().values()
    assert reason.startswith("job 12_0 of Slurm was ended: it had too little memory")
    assert reason.split(";")[0] in copied.files.report.read_text()
