"""How far runs are, as people and a user's function are told."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.clock import Clock
from unknot.config.parts import TrainingConfig
from unknot.config.run import RunConfig
from unknot.experiments.display import run_progress
from unknot.experiments.display.bars import ProgressBars
from unknot.experiments.display.run_progress import (
    LOOK_SECONDS,
    RunProgress,
    follow_runs,
    page_writing_shown,
)
from unknot.experiments.display.screens import Report
from unknot.experiments.display.time_left import SCORING_SECONDS, TimeLeft
from unknot.report.live_runs import STOPPED, TRAINING, WAITING
from unknot.runs.folder import RunFolder
from unknot.runs.history import HistoryEnd

TRAINING_CONFIG = TrainingConfig(steps=400, batch_size=64).resolved()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(run_progress, "time", clock)
    return clock


@pytest.fixture
def bars(monkeypatch: pytest.MonkeyPatch) -> ProgressBars:
    """Bars that keep the reports that they are to show, in `shown_reports`."""
    bars = ProgressBars(quiet=True)
    reports: list[Report] = []
    monkeypatch.setattr(bars, "show_job", reports.append)
    monkeypatch.setattr(bars, "shown_reports", reports, raising=False)
    return bars


class Runs:
    """Runs of some betas, in folders that a test fills.

    Args:
        place: of the folders.
        betas: a run each.

    Attributes:
        runs: descriptions and folders.
        turns: as `ShownRuns` asks for them.
    """

    def __init__(self, place: Path, betas: list[float]) -> None:
        configs = [RunConfig(beta=beta, training=TRAINING_CONFIG) for beta in betas]
        self.runs = [(config, RunFolder(place / config.name)) for config in configs]
        self.turns: Mapping[str, str] = {folder.name: TRAINING for _, folder in self.runs}
        for _, folder in self.runs:
            folder.path.mkdir()

    def log(self, number: int, step: int) -> None:
        """Log a step of a run."""
        line = {"split": "train", "step": step, "loss": 1512.34, "rate": 14.16}
        with self.runs[number][1].history.open("a") as file:
            file.write(json.dumps(line) + "\n")

    def finish(self, number: int) -> None:
        """Make the files of a run that is done."""
        folder = self.runs[number][1]
        for path in (folder.codes, folder.evaluation):
            path.touch()
        folder.mark_done()

    def followed(self, progress: object, clock: Clock, at_a_time: int) -> RunProgress:
        time_left = TimeLeft(clock, at_a_time)
        return follow_runs(progress, self.runs, time_left, lambda: self.turns)  # type: ignore[arg-type]


def last_report(bars: ProgressBars) -> Report:
    reports: list[Report] = bars.shown_reports  # type: ignore[attr-defined]
    return reports[-1]


def test_each_run_says_what_is_done_for_it(
    tmp_path: Path, bars: ProgressBars, clock: Clock
) -> None:
    runs = Runs(tmp_path, [1, 2, 3, 4, 5])
    names = list(runs.turns)
    runs.turns = dict(zip(names[1:], [TRAINING, TRAINING, WAITING, STOPPED]))
    runs.finish(0)
    runs.log(1, 400)
    followed = runs.followed(bars, clock, 2)
    followed.look()
    report = last_report(bars)
    notes = [piece.note for piece in report.pieces]
    assert notes == ["finished", "scores and pictures", "starting", "waiting", "stopped"]
    assert [piece.is_at_work for piece in report.pieces] == [False, True, True, False, False]
    assert report.line == "5 runs: 800 of 2,000 steps (40%), scores and pictures of 1"


def test_speed_and_losses_stand_beside_the_run(
    tmp_path: Path, bars: ProgressBars, clock: Clock
) -> None:
    """Two runs at five steps a second, of 64 images each; then 4 x 40 s and scores twice."""
    runs = Runs(tmp_path, [1, 2])
    followed = runs.followed(bars, clock, 2)
    for second in range(32):
        clock.now = float(second)
        for number in (0, 1):
            runs.log(number, 10 * (second // 2))
        followed.look()
    report = last_report(bars)
    assert [piece.note for piece in report.pieces] == [
        "320 images/s, loss 1,512.3, rate 14.2 nats"
    ] * 2
    seconds = 5 * round((250 / 5 + SCORING_SECONDS) / 5)
    assert report.line == f"2 runs: 300 of 800 steps (38%), 640 images/s, about {seconds} s left"


def test_a_single_run_is_told_whole(tmp_path: Path, bars: ProgressBars, clock: Clock) -> None:
    runs = Runs(tmp_path, [4])
    followed = runs.followed(bars, clock, 1)
    for second in range(31):
        clock.now = float(second)
        runs.log(0, 10 * second)
        followed.hear("beta-4.0_seed-0", 10 * second, 400)
    assert last_report(bars).line == (
        "beta-4_seed-0: 300 of 400 steps (75%), 640 images/s, loss 1,512.3, rate 14.2 nats, "
        "about 20 s left"
    )


def test_a_run_in_this_process_is_looked_at_now_and_then(
    tmp_path: Path, bars: ProgressBars, clock: Clock
) -> None:
    runs = Runs(tmp_path, [1])
    (name,) = runs.turns
    followed = runs.followed(bars, clock, 1)
    for clock.now, what in (
        (0, name),
        (0.1, name),
        (0.2, f"scores and pictures of {name}"),
        (0.3, f"scores and pictures of {name}"),
        (0.25 + LOOK_SECONDS, f"scores and pictures of {name}"),
    ):
        followed.hear(what, 0, 1)
    assert len(bars.shown_reports) == 3  # type: ignore[attr-defined]
    followed.hear(what, 1, 1)
    assert len(bars.shown_reports) == 4  # type: ignore[attr-defined]


def test_a_users_function_is_called_for_every_run(tmp_path: Path, clock: Clock) -> None:
    runs = Runs(tmp_path, [1, 2])
    runs.log(0, 30)
    runs.finish(1)
    calls: list[tuple[str, int, int]] = []
    followed = runs.followed(lambda *call: calls.append(call), clock, 2)
    followed.look()
    followed.hear("beta-1_seed-0", 31, 400)
    assert calls == [
        ("beta-1_seed-0", 30, 400),
        ("beta-2_seed-0", 400, 400),
        ("beta-1_seed-0", 31, 400),
    ]
    with page_writing_shown(lambda *call: calls.append(call)):
        assert len(calls) == 3
    assert len(calls) == 3


def test_the_page_is_a_job_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("unknot.experiments.display.screens.PLAIN_SECONDS", 0.0)
    bars = ProgressBars(quiet=False)
    with bars.shown(), page_writing_shown(bars):
        pass
    assert capsys.readouterr().err == "writing the page…\n"


def test_of_many_runs_those_whose_turn_it_is_are_read(
    tmp_path: Path, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And a few of the others, one after the other, since another process may train them."""
    runs = Runs(tmp_path, [float(beta) for beta in range(1, 101)])
    names = list(runs.turns)
    runs.turns = {name: TRAINING if name in names[50:52] else WAITING for name in names}
    runs.finish(0)
    seen: list[str] = []
    read = run_progress.read_history_end

    def remembering(path: Path) -> HistoryEnd:
        seen.append(path.parent.name)
        return read(path)

    monkeypatch.setattr(run_progress, "read_history_end", remembering)
    heard: dict[str, int] = {}
    followed = runs.followed(lambda what, done, total: heard.update({what: done}), clock, 2)
    followed.look()
    assert seen == names
    seen.clear()
    runs.log(50, 30)
    runs.log(60, 70)
    followed.look()
    assert len(seen) <= run_progress.OTHERS_AT_A_TIME + 2
    assert heard[names[50]] == 30
    assert heard[names[0]] == 400
    for _ in range(100 // run_progress.OTHERS_AT_A_TIME):
        followed.look()
    assert heard[names[60]] == 70
    assert seen.count(names[0]) == 0
    runs.turns = {**runs.turns, names[70]: TRAINING}
    seen.clear()
    followed.look()
    assert names[70] in seen
