"""How far an experiment is, told from its folder."""

import os
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from unknot.common.errors import UserError
from unknot.common.locks import locked
from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import TrainingConfig
from unknot.config.run import RunConfig
from unknot.experiments import status
from unknot.experiments.status import EngineJob, ExperimentStatus, RunStatus, experiment_status
from unknot.report.live_runs import FAILED, FINISHED, SCORING, STOPPED, TRAINING, WAITING
from unknot.runs.experiment_folder import ExperimentFolder
from unknot.runs.folder import RunFolder
from unknot.runs.history import History

CONFIG = ExperimentConfig(
    betas=(1.0, 2.0), seeds=(0, 1), training=TrainingConfig(steps=100).resolved()
)


@pytest.fixture
def files(tmp_path: Path) -> ExperimentFolder:
    """An experiment of four runs that have not begun."""
    folder = ExperimentFolder(tmp_path)
    folder.write_config(CONFIG)
    for run in _folders(folder):
        run.path.mkdir()
    return folder


def _folders(files: ExperimentFolder) -> list[RunFolder]:
    return [files.run(config) for config in CONFIG.runs()]


def _trains(folder: RunFolder, *steps: int) -> None:
    """Write the history of a run that takes two steps a second."""
    history = History(folder.history, 0)
    for step in steps:
        line: dict[str, Any] = {"split": "train", "step": step, "seconds": step / 2, "loss": 9.5}
        history.add(line | {"rate": 1.25, "kl": [1.0]})
    history.close()


def _finish(folder: RunFolder) -> None:
    for file in (folder.codes, folder.evaluation):
        file.touch()
    folder.mark_done()


def _states(files: ExperimentFolder) -> list[str]:
    return [run.state for run in experiment_status(files.path).runs]


def test_every_run_is_told_by_its_folder(files: ExperimentFolder) -> None:
    done, trains, failed, _ = _folders(files)
    _trains(done, 100)
    _finish(done)
    _trains(trains, 10, 50)
    failed.append_log("error: the loss is no number; take a lower --learning-rate")
    with locked(trains.path / ".lease", "training", 1):
        seen = experiment_status(files.path)
    assert [run.state for run in seen.runs] == [FINISHED, TRAINING, FAILED, WAITING]
    finished, training, lost, waiting = seen.runs
    assert (finished.step, finished.steps, finished.loss, finished.rate) == (100, 100, 9.5, 1.25)
    assert (training.step, training.steps_per_second) == (50, pytest.approx(2.0))
    assert training.holder is not None
    assert training.holder.pid == os.getpid()
    assert lost.problem == "the loss is no number; take a lower --learning-rate"
    assert (waiting.step, waiting.loss, waiting.holder) == (0, None, None)
    assert seen.sentence == (
        "1 of 4 runs is finished, 1 is training, 1 is waiting, 1 failed. About 1 minute left."
    )
    assert seen.seconds_left == pytest.approx((50 + 100) / 2)


def test_a_run_whose_process_is_gone_has_stopped(files: ExperimentFolder) -> None:
    killed, interrupted, scored, _ = _folders(files)
    _trains(killed, 50)
    hold = "import os, sys; from pathlib import Path; from unknot.common.locks import Lock; "
    hold += "lock = Lock(Path(sys.argv[1]), 'a').held(1); lock.__enter__(); os._exit(9)"
    subprocess.run([sys.executable, "-c", hold, killed.path / ".lease"], check=False)
    assert (killed.path / ".lease").exists()
    _trains(interrupted, 20)
    interrupted.append_log("stopped at step 20 of 100")
    _trains(scored, 100)
    with locked(scored.path / ".lease", "training", 1):
        assert _states(files) == [STOPPED, STOPPED, SCORING, WAITING]
    first, second, *_ = experiment_status(files.path).runs
    assert (first.problem, second.problem) == (
        "stopped at step 50 of 100",
        "stopped at step 20 of 100",
    )


def test_a_holder_without_a_word_for_minutes_has_stopped(files: ExperimentFolder) -> None:
    folder = _folders(files)[0]
    _trains(folder, 50)
    lease = folder.path / ".lease"
    with locked(lease, "training", 1):
        before = time.time() - 400
        os.utime(lease, (before, before))
        run = experiment_status(files.path).runs[0]
    assert run.state == STOPPED
    assert run.problem == "stopped at step 50 of 100; no word from it for 7 minutes"


def test_what_stopped_a_run_is_over_once_it_goes_on(files: ExperimentFolder) -> None:
    folder = _folders(files)[0]
    folder.append_log("Traceback (most recent call last):\n  ...\nValueError: \x1b[31mred")
    assert experiment_status(files.path).runs[0].problem == "ValueError: \\x1b[31mred"
    time.sleep(0.02)
    _trains(folder, 50)
    assert _states(files)[0] == STOPPED


def test_no_link_is_followed_and_no_damaged_file_hides_the_others(
    files: ExperimentFolder, tmp_path_factory: pytest.TempPathFactory
) -> None:
    linked, damaged, finished, _ = _folders(files)
    secret = tmp_path_factory.mktemp("elsewhere") / "history.jsonl"
    secret.write_text('{"split": "train", "step": 7, "loss": 1.0}\n')
    linked.history.symlink_to(secret)
    damaged.history.write_bytes(b"\xff\x00 no JSON\n")
    _finish(finished)
    first, second, third, _ = experiment_status(files.path).runs
    assert (first.state, first.step) == (FAILED, 0)
    assert "is a link to" in first.problem
    assert second.state == WAITING
    assert third.state == FINISHED


def test_evidence_and_page_are_told_with_their_age(files: ExperimentFolder) -> None:
    assert experiment_status(files.path).evidence == "not there yet"
    for file in (files.evidence, files.report):
        file.write_text("{}")
    before = time.time() - 60
    os.utime(files.report, (before, before))
    _finish(_folders(files)[0])
    os.utime(files.evidence)
    seen = experiment_status(files.path)
    assert seen.evidence == str(files.evidence)
    assert seen.page == f"{files.report}, from before the last run was finished"


def test_runs_that_are_finished_say_how_long_the_others_take() -> None:
    """Three that were finished within the last minute: 20 seconds for each of the others."""
    run = RunStatus(
        name="a",
        state=FINISHED,
        step=2,
        steps=2,
        loss=None,
        rate=None,
        steps_per_second=None,
        seconds=None,
        problem="",
        holder=None,
        job=None,
        finished=0.0,
    )
    runs = [replace(run, finished=1000.0 + 20 * i) for i in range(3)]
    left = [replace(run, state=TRAINING, step=0), replace(run, state=WAITING, step=0)]
    seen = ExperimentStatus(Path("e"), [*runs, *left], "", "", "", looked=1060.0)
    assert seen.seconds_left == pytest.approx(40.0)
    assert replace(seen, runs=runs[:2] + left).seconds_left is None
    assert replace(seen, runs=[*runs, left[1]]).seconds_left is None


def jobs_of_queue(folder: ExperimentFolder) -> dict[str, tuple[str, str]]:
    """What an engine knows of the second run."""
    return {CONFIG.runs()[1].name: ("17_1", "RUNNING")}


def silent_queue(folder: ExperimentFolder) -> dict[str, tuple[str, str]]:
    """An engine that is not on this machine."""
    raise UserError(f"squeue is not here, for {folder.path.name}")


def test_an_engine_adds_what_it_knows(
    files: ExperimentFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("jobs_of_queue", "silent_queue")
    monkeypatch.setattr(status, "JOB_STATES", {name: f"{__name__}:{name}" for name in names})
    seen = experiment_status(files.path)
    assert [run.job for run in seen.runs] == [None, EngineJob("17_1", "RUNNING"), None, None]
    assert seen.no_jobs == f"silent_queue: squeue is not here, for {files.path.name}"


def test_a_folder_that_is_no_experiment(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="is not the folder of an experiment"):
        experiment_status(tmp_path)


def test_a_run_without_a_folder_is_waiting(tmp_path: Path) -> None:
    folder = ExperimentFolder(tmp_path)
    folder.write_config(CONFIG)
    assert _states(folder) == [WAITING] * 4
    assert RunConfig(1.0, 0).name == experiment_status(tmp_path).runs[0].name
