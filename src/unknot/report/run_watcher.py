"""What the folders of an experiment tell while its runs train.

Nothing but files is read, so that the runs may train in any process, on any machine that shares
the folder.
"""

import math
import time
from collections import deque
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import NamedTuple

import numpy as np

from unknot.common.durations import duration_text
from unknot.common.errors import UserError
from unknot.common.reading import damage_named, read_arrays
from unknot.config.experiment import ExperimentConfig
from unknot.config.run import RunConfig
from unknot.report.live_runs import (
    FAILED,
    FINISHED,
    SCORING,
    STOPPED,
    TRAINING,
    WAITING,
    Curve,
    Frame,
    LiveExperiment,
    LiveRun,
    Pace,
)
from unknot.report.script_sheets import sheet_address
from unknot.report.text import run_title
from unknot.runs.experiment_folder import ExperimentFolder
from unknot.runs.folder import ERROR, RunFolder
from unknot.runs.history import RATE_SECONDS, HistoryLine, HistoryTail
from unknot.runs.last_words import STOPS, last_words

LOOK_SECONDS = 1.0
"""The folders are looked at no more often."""
QUIET_SECONDS = 300.0
"""After so long without a word from it, a run may have been stopped."""
MAX_POINTS = 150
"""Of a curve."""
GOES_ON = "the same command goes on from there"
MOST_FRAME_BYTES = 64 << 20
"""Of the newest frame's pixels; a larger one is not drawn."""


class Stamp(NamedTuple):
    """What changes when a file does."""

    nanoseconds: int
    size: int
    inode: int


class Point(NamedTuple):
    """Losses at one step, in nats per image."""

    step: int
    distortion: float
    rate: float


class ExperimentWatcher:
    """Looks at the folder of an experiment, at most once a second and only at what has changed.

    Args:
        files: may be absent yet.
    """

    def __init__(self, files: ExperimentFolder) -> None:
        self._files = files
        self._lock = Lock()
        self._stamp: Stamp | None = None
        self._watchers: dict[str, RunWatcher] = {}
        self._looked = -LOOK_SECONDS
        self._seen = LiveExperiment((), is_finished=False)

    def look(self) -> LiveExperiment:
        """Tell how every run is; may be called from several threads."""
        with self._lock:
            if time.monotonic() - self._looked >= LOOK_SECONDS:
                self._seen = self._look()
                self._looked = time.monotonic()
            return self._seen

    def _look(self) -> LiveExperiment:
        stamp = _stamp(self._files.config)
        if stamp is None:
            return LiveExperiment((), is_finished=False)
        if stamp != self._stamp:
            self._watchers = self._watchers_of(self._files.read_config())
            self._stamp = stamp
        runs = tuple(watcher.look() for watcher in self._watchers.values())
        settled = [watcher.settled for watcher in self._watchers.values()]
        report = _stamp(self._files.report)
        is_finished = report is not None and all(
            moment and moment <= report.nanoseconds for moment in settled
        )
        return LiveExperiment(runs, is_finished)

    def _watchers_of(self, config: ExperimentConfig) -> "dict[str, RunWatcher]":
        """Watch every run of a description; those that were watched before keep what they read."""
        watchers: dict[str, RunWatcher] = {}
        for run in config.runs():
            before = self._watchers.get(run.name)
            is_same = before is not None and before.config == run
            watchers[run.name] = (
                before if before and is_same else RunWatcher(self._files.run(run), run)
            )
        return watchers


class RunWatcher:
    """Looks at the folder of one run.

    Args:
        folder: may be absent yet.
        config: the run's description.

    Attributes:
        config: the run's description.
        settled: when it was finished or failed, in nanoseconds; 0 where it is neither.
    """

    def __init__(self, folder: RunFolder, config: RunConfig) -> None:
        self.config, self.settled = config, 0
        self._folder = folder
        self._steps = config.training.optimization().steps
        self._tail = HistoryTail(folder.history)
        self._stamps: dict[Path, Stamp | None] = {}
        self._points: list[Point] = []
        self._lines: deque[HistoryLine] = deque()
        self._frame: Frame | None = None
        self._last_words = self._problem = ""
        self._finished: tuple[Stamp, LiveRun] | None = None

    def look(self) -> LiveRun:
        """Tell how the run is; of one that was finished at the last look, nothing is read."""
        done = _stamp(self._folder.done)
        if self._finished and done == self._finished[0]:
            return self._finished[1]
        seen = self._look()
        self._finished = (done, seen) if done and seen.state == FINISHED else None
        return seen

    def _look(self) -> LiveRun:
        if self._has_changed(self._folder.history):
            self._follow_history()
        if self._has_changed(self._folder.newest_frame):
            self._read_frame()
        if self._has_changed(self._folder.log):
            self._last_words = last_words(self._folder)
        done, state = _stamp(self._folder.done), self._state()
        moment = done or (self._stamps[self._folder.log] if state == FAILED else None)
        self.settled = moment.nanoseconds if moment else 0
        newest = self._lines[-1] if self._lines else None
        return LiveRun(
            name=self._folder.name,
            title=run_title(self.config),
            state=state,
            status=self._status(state),
            step=self._step(state),
            steps=self._steps,
            pace=self._pace(),
            kl=tuple(newest["kl"]) if newest else (),
            curve=_curve(self._points),
            frame=self._frame,
        )

    def _has_changed(self, path: Path) -> bool:
        stamp = _stamp(path)
        changed = stamp != self._stamps.get(path)
        self._stamps[path] = stamp
        return changed

    def _follow_history(self) -> None:
        self._problem = ""
        try:
            self._read_history()
        except UserError as error:
            self._problem = str(error)

    def _read_history(self) -> None:
        is_new, lines = self._tail.read()
        if is_new:
            self._points.clear()
            self._lines.clear()
        with damage_named(self._folder.history):
            for line in (line for line in lines if line["split"] == "train"):
                self._add(line)
        while len(self._lines) > 2 and self._spans_enough():
            self._lines.popleft()

    def _add(self, line: HistoryLine) -> None:
        """Take a line of the training in, unless its losses are no numbers any more."""
        numbers = {key: float(line[key]) for key in ("distortion", "rate", "seconds", "images")}
        kl = [float(value) for value in line["kl"]]
        if math.isfinite(sum(numbers.values()) + sum(kl)):
            step = int(line["step"])
            self._points.append(Point(step, numbers["distortion"], numbers["rate"]))
            self._lines.append({**numbers, "step": step, "kl": kl})

    def _spans_enough(self) -> bool:
        """Whether the pace can be told without the oldest line that is kept."""
        return bool(self._lines[-1]["seconds"] - self._lines[1]["seconds"] >= RATE_SECONDS)

    def _read_frame(self) -> None:
        """Read the newest frame; it goes when the run is done, and what was seen of it stays."""
        path = self._folder.newest_frame
        with suppress(UserError), damage_named(path):
            arrays = read_arrays(path, within=self._folder.path)
            rows = np.stack([arrays["images"], arrays["reconstructions"][0]])
            if rows.ndim != 5 or rows.dtype != np.uint8 or not 0 < rows.size <= MOST_FRAME_BYTES:
                return
            self._frame = Frame(
                step=int(arrays["steps"][0]),
                width=rows.shape[1] * rows.shape[4],
                height=2 * rows.shape[3],
                address=sheet_address(rows),
            )

    def _state(self) -> str:
        history, log = (self._stamps[path] for path in (self._folder.history, self._folder.log))
        if self._folder.is_done:
            return FINISHED
        if self._last_words and log and (not history or log.nanoseconds >= history.nanoseconds):
            return STOPPED if self._last_words.startswith(STOPS) else FAILED
        if history is None:
            return WAITING
        return SCORING if self._newest_step() >= self._steps else TRAINING

    def _newest_step(self) -> int:
        return int(self._lines[-1]["step"]) if self._lines else 0

    def _step(self, state: str) -> int:
        return self._steps if state == FINISHED else min(self._newest_step(), self._steps)

    def _pace(self) -> Pace | None:
        if len(self._lines) < 2:
            return None
        first, last = self._lines[0], self._lines[-1]
        seconds = last["seconds"] - first["seconds"]
        if seconds <= 0:
            return None
        return Pace(
            steps=(last["step"] - first["step"]) / seconds,
            images=(last["images"] - first["images"]) / seconds,
        )

    def _status(self, state: str) -> str:
        if self._problem:
            return self._problem
        if state == FAILED:
            return f"failed ({self._last_words.removeprefix(ERROR)})"
        if state == STOPPED:
            return f"stopped at step {self._newest_step():,} of {self._steps:,}; {GOES_ON}"
        if state == SCORING:
            return "trained; its scores and pictures are being made"
        return self._training_status() if state == TRAINING else state

    def _training_status(self) -> str:
        history, pace = self._stamps[self._folder.history], self._pace()
        quiet = time.time() - history.nanoseconds / 1e9 if history else 0.0
        parts = [f"step {self._newest_step():,} of {self._steps:,}"]
        if quiet > QUIET_SECONDS:
            since = duration_text(quiet)
            return f"{parts[0]}; no word from it for {since}; if it was stopped, {GOES_ON}"
        if pace and pace.steps:
            left = (self._steps - self._newest_step()) / pace.steps
            parts += [f"about {duration_text(left)} left", f"{pace.images:,.0f} images per second"]
        return ", ".join(parts)


def _stamp(path: Path) -> Stamp | None:
    """Tell when a file, or a link, was written; None where none can be seen."""
    try:
        status = path.lstat()
    except OSError:
        return None
    return Stamp(nanoseconds=status.st_mtime_ns, size=status.st_size, inode=status.st_ino)


def _curve(points: Sequence[Point]) -> Curve:
    """Take every point, or every second, fourth, ... where there are many, and the last."""
    stride = 1
    while len(points) > stride * MAX_POINTS:
        stride *= 2
    shown = [*points[:-1:stride], *points[-1:]]
    return Curve(
        steps=tuple(point.step for point in shown),
        distortion=tuple(point.distortion for point in shown),
        rate=tuple(point.rate for point in shown),
    )
