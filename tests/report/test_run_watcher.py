"""What is read of folders while their runs train."""

import json
import os
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from tests.report.small import SHAPE, small_config
from unknot.common.files import write_arrays, write_text
from unknot.report import run_watcher
from unknot.report.live_runs import FAILED, FINISHED, SCORING, STOPPED, TRAINING, WAITING, LiveRun
from unknot.report.run_watcher import MAX_POINTS, ExperimentWatcher, RunWatcher
from unknot.runs.experiment_folder import ExperimentFolder
from unknot.runs.folder import RunFolder
from unknot.runs.history import History


def _finish(folder: RunFolder) -> None:
    """Leave what a finished run leaves."""
    for file in (folder.codes, folder.evaluation):
        file.touch()
    folder.mark_done()


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ExperimentFolder:
    """An experiment of two runs that have not begun; every look is a new one."""
    monkeypatch.setattr(run_watcher, "LOOK_SECONDS", 0.0)
    folder = ExperimentFolder(tmp_path)
    folder.write_config(small_config())
    for config in small_config().runs():
        folder.run(config).path.mkdir()
    return folder


def _folders(files: ExperimentFolder) -> list[RunFolder]:
    return [files.run(config) for config in small_config().runs()]


def _line(step: int, **changes: Any) -> dict[str, Any]:
    line = {"split": "train", "step": step, "images": 8 * step, "seconds": step / 2}
    return line | {"distortion": 1000.0 - step, "rate": 2.0, "kl": [1.5, 0.5]} | changes


def _trains(folder: RunFolder, *lines: dict[str, Any]) -> History:
    history = History(folder.history, 0)
    for line in lines:
        history.add(line)
    return history


def _write_frame(folder: RunFolder, step: int) -> None:
    images = np.zeros((2, *SHAPE), np.uint8)
    arrays = {"steps": np.array([step]), "images": images, "reconstructions": images[None] + 1}
    write_arrays(folder.newest_frame, arrays)


def _look(folder: RunFolder, steps: int = 12) -> LiveRun:
    config = small_config().runs()[0]
    return RunWatcher(
        folder, replace(config, training=replace(config.training, steps=steps))
    ).look()


def test_a_run_is_followed_from_its_turn_to_its_end(files: ExperimentFolder) -> None:
    watcher = ExperimentWatcher(files)
    folder = _folders(files)[0]
    first, second = watcher.look().runs
    assert (first.state, first.status, first.frame) == (WAITING, "waiting", None)
    history = _trains(folder)
    _write_frame(folder, 0)
    first, second = watcher.look().runs
    assert (first.state, first.status) == (TRAINING, "step 0 of 12")
    assert first.frame is not None
    assert (first.frame.step, first.frame.width, first.frame.height) == (0, 64, 64)
    history.add(_line(3))
    history.add({"split": "validation", "step": 3, "kl": [9.0, 9.0]})
    history.add(_line(6))
    first, second = watcher.look().runs
    assert first.status == "step 6 of 12, about 3 seconds left, 16 images per second"
    assert first.curve.steps == (3, 6)
    assert first.curve.distortion == (997.0, 994.0)
    assert first.kl == (1.5, 0.5)
    _write_frame(folder, 6)
    history.add(_line(12))
    history.close()
    first, second = watcher.look().runs
    assert first.state == SCORING
    _finish(folder)
    first, second = watcher.look().runs
    assert (first.state, first.step) == (FINISHED, 12)
    assert first.frame is not None
    assert first.frame.step == 6  # the file has gone, what was seen stays
    assert second.state == WAITING


def test_only_what_has_changed_is_read(
    files: ExperimentFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _folders(files)[0]
    _trains(folder, _line(3)).close()
    _write_frame(folder, 3)
    watcher = ExperimentWatcher(files)
    before = watcher.look()
    monkeypatch.delattr(run_watcher, "read_arrays")
    monkeypatch.delattr(RunWatcher, "_read_history")
    monkeypatch.delattr(ExperimentFolder, "read_config")
    assert watcher.look() == before


def test_folders_are_looked_at_once_a_second_at_most(
    files: ExperimentFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_watcher, "LOOK_SECONDS", 1000.0)
    watcher = ExperimentWatcher(files)
    before = watcher.look()
    _trains(_folders(files)[0]).close()
    assert watcher.look() is before


@pytest.mark.parametrize(
    ("log", "state", "status"),
    [
        ("error: the disk is full", FAILED, "failed (the disk is full)"),
        (
            "Traceback (most recent call last):\n  x\nZeroDivisionError: y",
            FAILED,
            "failed (ZeroDivisionError: y)",
        ),
        (
            "the process was ended by signal 9; out of memory?",
            FAILED,
            "failed (the process was ended by",
        ),
        ("stopped at step 3 of 12", STOPPED, "stopped at step 3 of 12; the same command goes on"),
        ("interrupted", STOPPED, "stopped at step 3 of 12; the same command goes on"),
        ("UserWarning: of some library", TRAINING, "step 3 of 12"),
    ],
)
def test_what_the_log_says(log: str, state: str, status: str, files: ExperimentFolder) -> None:
    folder = _folders(files)[0]
    _trains(folder, _line(3)).close()
    folder.append_log(log)
    run = _look(folder)
    assert run.state == state
    assert run.status.startswith(status)


def test_a_run_that_failed_and_is_tried_again_trains(files: ExperimentFolder) -> None:
    folder = _folders(files)[0]
    folder.append_log("error: the images are gone")
    assert _look(folder).state == FAILED
    os.utime(folder.log, (1e9, 1e9))
    _trains(folder, _line(3)).close()
    assert _look(folder).state == TRAINING


def test_a_run_without_news_may_have_been_stopped(files: ExperimentFolder) -> None:
    folder = _folders(files)[0]
    _trains(folder, _line(3)).close()
    past = time.time() - 3600
    os.utime(folder.history, (past, past))
    assert _look(folder).status == (
        "step 3 of 12; no word from it for 1 hour; if it was stopped, the same command goes on "
        "from there"
    )


def test_the_pace_is_that_of_the_last_minute(files: ExperimentFolder) -> None:
    folder = _folders(files)[0]
    slow = [_line(step, seconds=100.0 * step) for step in (1, 2, 3)]
    fast = [_line(step, seconds=300.0 + step) for step in range(4, 104)]
    _trains(folder, *slow, *fast).close()
    pace = _look(folder, steps=200).pace
    assert pace is not None
    assert pace.steps == pytest.approx(1.0)
    assert pace.images == pytest.approx(8.0)


def test_long_curves_are_thinned_and_what_is_no_number_is_left_out(
    files: ExperimentFolder,
) -> None:
    folder = _folders(files)[0]
    lines = [_line(step) for step in range(1, 1001)]
    _trains(folder, *lines, _line(1001, rate=float("nan"))).close()
    curve = _look(folder, steps=2000).curve
    assert MAX_POINTS / 2 <= len(curve.steps) <= MAX_POINTS + 1
    assert (curve.steps[0], curve.steps[-1]) == (1, 1000)
    assert len(curve.rate) == len(curve.steps)


@pytest.mark.parametrize(
    "line", [{"split": "train"}, {"kl": "abc"}, {"step": []}, {"distortion": "<b>"}, {"kl": 3}]
)
def test_a_damaged_line_of_a_history_is_left_out(
    files: ExperimentFolder, line: dict[str, Any]
) -> None:
    first, second = _folders(files)
    _trains(second, _line(3)).close()
    bad = line if "split" in line else _line(2) | line
    write_text(first.history, f"{json.dumps(_line(1))}\n{json.dumps(bad)}\n")
    seen = ExperimentWatcher(files).look().runs
    assert [run.step for run in seen] == [1, 3]


@pytest.mark.parametrize(
    "arrays",
    [
        {"steps": np.array([1])},
        {"steps": np.array([]), "images": np.zeros((2, 3, 4, 4), np.uint8)},
        {name: np.zeros((2, 3), np.uint8) for name in ("steps", "images", "reconstructions")},
        {name: np.zeros((1, 2, 1, 4, 4)) for name in ("steps", "images", "reconstructions")},
    ],
)
def test_a_frame_that_is_none_is_not_shown(
    files: ExperimentFolder, arrays: dict[str, np.ndarray]
) -> None:
    folder = _folders(files)[0]
    _trains(folder, _line(3)).close()
    write_arrays(folder.newest_frame, arrays)
    assert _look(folder).frame is None


def test_no_link_out_of_the_experiment_is_followed(
    files: ExperimentFolder, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, outside = _folders(files)[0], tmp_path_factory.mktemp("outside")
    _write_frame(folder, 3)
    folder.newest_frame.rename(outside / "frame.npz")
    folder.newest_frame.symlink_to(outside / "frame.npz")
    _trains(folder, _line(3)).close()
    assert _look(folder).frame is None


def test_all_is_finished_once_the_report_is_written(files: ExperimentFolder) -> None:
    first, second = _folders(files)
    watcher = ExperimentWatcher(files)
    write_text(files.report, "an earlier one")
    _finish(first)
    second.append_log("error: the disk is full")
    os.utime(files.report, (1e9, 1e9))
    seen = watcher.look()
    assert [run.state for run in seen.runs] == [FINISHED, FAILED]
    assert not seen.is_finished
    write_text(files.report, "the page")
    assert watcher.look().is_finished


def test_runs_that_are_added_are_seen(files: ExperimentFolder) -> None:
    folder = _folders(files)[0]
    _trains(folder, _line(3)).close()
    watcher = ExperimentWatcher(files)
    watcher.look()
    files.write_config(small_config(seeds=(0, 1)))
    runs = watcher.look().runs
    assert len(runs) == 4
    assert [run.step for run in runs] == [3, 0, 0, 0]


def test_what_is_not_there_yet_has_not_begun(tmp_path: Path) -> None:
    assert ExperimentWatcher(ExperimentFolder(tmp_path / "none")).look().runs == ()


def test_of_a_finished_run_nothing_is_read_again(
    files: ExperimentFolder, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = _folders(files)[0]
    _trains(folder, _line(12)).close()
    _finish(folder)
    watcher = ExperimentWatcher(files)
    before = watcher.look().runs[0]
    assert before.state == FINISHED
    with monkeypatch.context() as patch:
        patch.delattr(RunFolder, "read_done")
        patch.setattr(RunWatcher, "_state", lambda run: WAITING)
        assert watcher.look().runs[0] == before
    folder.done.unlink()
    assert watcher.look().runs[0].state != FINISHED
