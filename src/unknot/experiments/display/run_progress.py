"""How far the runs of an experiment are, told to people or to a function of the user's."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import cycle, islice
from typing import NamedTuple, Protocol

from unknot.common.progress import Progress
from unknot.config.run import RunConfig
from unknot.experiments.display.bars import ProgressBars, time_left_text
from unknot.experiments.display.screens import Piece, Report
from unknot.experiments.display.time_left import RunState, TimeLeft
from unknot.report.live_runs import FINISHED, SCORING, STOPPED, TRAINING
from unknot.runs.folder import RunFolder
from unknot.runs.history import HistoryEnd, read_history_end

LOOK_SECONDS = 0.5
OTHERS_AT_A_TIME = 20  # runs whose turn it is not
SCORING_TEXT = "scores and pictures"
WRITING_PAGE = "writing the page"


Turns = Callable[[], Mapping[str, str]]
"""Gives name of a run -> whether its turn has come."""


class RunProgress(Protocol):
    """Tells how far runs are."""

    def look(self) -> None:
        """Look at every run, and tell how far it is."""

    def hear(self, what: str, done: int, total: int) -> None:
        """Hear from a run that is executed in this process; this is a `Progress`."""


class SeenRun(NamedTuple):
    """What was seen of a run."""

    state: RunState
    end: HistoryEnd


class FolderReader:
    """Reads the folders of runs: of those whose turn it is, and of a few of the others.

    A thousand files are not opened twice a second. What changes otherwise, since another process
    is at work too, is seen some reads later.

    Args:
        runs: each with its folder.
        turns: see `follow_runs`.
    """

    def __init__(self, runs: Sequence[tuple[RunConfig, RunFolder]], turns: Turns) -> None:
        self._runs, self._turns = runs, turns
        self._seen: dict[str, tuple[str, SeenRun]] = {}
        self._others = cycle([folder.name for _, folder in runs])

    def read(self) -> list[SeenRun]:
        """Tell how the runs are, in their order."""
        turns = self._turns()
        due = set(islice(self._others, OTHERS_AT_A_TIME))
        return [
            self._read(config, folder, turns.get(folder.name, STOPPED), folder.name in due)
            for config, folder in self._runs
        ]

    def _read(self, config: RunConfig, folder: RunFolder, turn: str, is_due: bool) -> SeenRun:
        turn_before, seen = self._seen.get(folder.name, ("", None))
        if seen and (
            seen.state.state == FINISHED
            or (turn == turn_before and turn != TRAINING and not is_due)
        ):
            return seen
        end = read_history_end(folder.history)
        seen = SeenRun(_state(config, folder, end, turn), end)
        self._seen[folder.name] = turn, seen
        return seen


class CalledFunction:
    """Calls a function of the user's.

    Args:
        function: called as `function(name of the run, steps done, steps in all)`.
        reader: of the runs' folders.
    """

    def __init__(self, function: Progress, reader: FolderReader) -> None:
        self.hear = function
        self._reader = reader

    def look(self) -> None:
        """Call it for every run; see `RunProgress.look`."""
        for state, _ in self._reader.read():
            self.hear(state.name, state.step, state.steps)


class ShownRuns:
    """Shows runs with their speed, their losses and the time left.

    Args:
        bars: that show them.
        runs: each with its folder.
        time_left: times them.
        reader: of their folders.
    """

    def __init__(
        self,
        bars: ProgressBars,
        runs: Sequence[tuple[RunConfig, RunFolder]],
        time_left: TimeLeft,
        reader: FolderReader,
    ) -> None:
        self._bars, self._runs, self._time_left, self._reader = bars, runs, time_left, reader
        self._last_words = ""
        self._last_look = -LOOK_SECONDS

    def look(self) -> None:
        """Look at every run, and show it; see `RunProgress.look`."""
        self._last_look = time.monotonic()
        seen = self._reader.read()
        states = [run.state for run in seen]
        self._time_left.add(states)
        pieces = tuple(
            Piece(
                what=state.name,
                done=state.step,
                total=state.steps,
                note=self._note(config, state, end),
                is_at_work=state.state in (TRAINING, SCORING),
            )
            for (config, _), (state, end) in zip(self._runs, seen)
        )
        label = f"{len(pieces)} runs" if len(pieces) > 1 else pieces[0].what
        note = self._common_note(states) if len(pieces) > 1 else pieces[0].note
        left = time_left_text(self._time_left.seconds)
        note = ", ".join(filter(None, (note, left)))
        self._bars.show_job(Report(label=label, pieces=pieces, unit="steps", note=note))

    def hear(self, what: str, done: int, total: int) -> None:
        """Look again at the end, where another thing begins, and where the last look is old."""
        is_due = done == total or time.monotonic() - self._last_look >= LOOK_SECONDS
        if is_due or what != self._last_words:
            self._last_words = what
            self.look()

    def _note(self, config: RunConfig, state: RunState, end: HistoryEnd) -> str:
        """Say of one run how fast it is, and how good, or what is done for it."""
        if state.state == SCORING:
            return SCORING_TEXT
        if state.state != TRAINING:
            return state.state
        if end.loss is None or end.rate is None:
            return "starting"
        losses = f"loss {end.loss:,.1f}, rate {end.rate:.1f} nats"
        speed = _speed_text([(config, self._time_left.steps_per_second(state.name))])
        return ", ".join(filter(None, (speed, losses)))

    def _common_note(self, states: Sequence[RunState]) -> str:
        """Say of all runs how fast they are together, and how many are being scored."""
        speeds = [
            (config, self._time_left.steps_per_second(folder.name)) for config, folder in self._runs
        ]
        num_scoring = sum(state.state == SCORING for state in states)
        scoring = f"{SCORING_TEXT} of {num_scoring}" if num_scoring else ""
        return ", ".join(filter(None, (_speed_text(speeds), scoring)))


def follow_runs(
    progress: Progress,
    runs: Sequence[tuple[RunConfig, RunFolder]],
    time_left: TimeLeft,
    turns: Turns,
) -> RunProgress:
    """Get ready to tell how far runs are.

    Args:
        progress: bars, or a function of the user's.
        runs: each with its folder.
        time_left: times them, where they are shown.
        turns: gives, for each name of an unfinished run, `WAITING` for its turn, `TRAINING` once it
            has come, `STOPPED` once it is over, whether the run is finished or not.
    """
    reader = FolderReader(runs, turns)
    if isinstance(progress, ProgressBars):
        return ShownRuns(progress, runs, time_left, reader)
    return CalledFunction(progress, reader)


def follow_run(progress: Progress, config: RunConfig, folder: RunFolder) -> Progress:
    """Get ready to tell how far one run is, which is executed in this process.

    Args:
        progress: bars, or a function of the user's.
        config: the run's.
        folder: likewise.
    """
    time_left = TimeLeft(time.monotonic, at_a_time=1)
    turns = {folder.name: TRAINING}
    return follow_runs(progress, [(config, folder)], time_left, lambda: turns).hear


@contextmanager
def page_writing_shown(progress: Progress | None) -> Iterator[None]:
    """Show that the block writes the page; a function of the user's is not told of it."""
    is_shown = isinstance(progress, ProgressBars)
    if progress and is_shown:
        progress(WRITING_PAGE, 0, 1)
    yield
    if progress and is_shown:
        progress(WRITING_PAGE, 1, 1)


def _state(config: RunConfig, folder: RunFolder, end: HistoryEnd, turn: str) -> RunState:
    """Tell how a run is, from its files and its turn."""
    steps = config.training.optimization().steps
    step = min(end.step, steps)
    if folder.is_done:
        return RunState(folder.name, steps, steps, FINISHED)
    if turn != TRAINING:
        return RunState(folder.name, step, steps, turn)
    return RunState(folder.name, step, steps, SCORING if step == steps else TRAINING)


def _speed_text(speeds: Sequence[tuple[RunConfig, float | None]]) -> str:
    """Say how many images a second runs take together; nothing where it is not known."""
    images = sum(
        steps_per_second * config.training.optimization().batch_size
        for config, steps_per_second in speeds
        if steps_per_second
    )
    return f"{images:,.0f} images/s" if images else ""
