"""Progress: bars on a terminal, now and then a line elsewhere, nothing if it is not wanted."""

import io
import time

import pytest
from rich.console import Console

from tests.clock import Clock
from unknot.common.errors import UserError
from unknot.experiments.display import bars as bars_module
from unknot.experiments.display import screens
from unknot.experiments.display.bars import (
    ProgressBars,
    named_progress,
    shown_progress,
    time_left_text,
)
from unknot.experiments.display.screens import Piece, Report


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(bars_module, "time", clock)
    monkeypatch.setattr(screens, "time", clock)
    return clock


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    """A terminal that keeps what is drawn on it."""
    drawn = io.StringIO()
    monkeypatch.setattr(
        "rich.console.Console",
        lambda stderr: Console(file=drawn, force_terminal=True, width=100, _environ={}),
    )
    return drawn


@pytest.fixture
def notebook(monkeypatch: pytest.MonkeyPatch) -> None:
    """A notebook, whose output the test reads as standard output."""
    monkeypatch.setattr(
        "rich.console.Console",
        lambda stderr: Console(file=io.StringIO(), force_jupyter=True, _environ={}),
    )


def test_a_line_says_how_far_it_is_and_how_long_it_takes(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    """The time left is not told before there were 20 s of work."""
    bars = ProgressBars(quiet=False)
    bars("draws", 1000, 9000)
    for clock.now, done in ((10, 1500), (20, 2000), (30, 2500), (36, 2800)):
        bars("draws", done, 9000)
    bars("draws", 2801, 9000)
    assert capsys.readouterr().err == (
        "draws: 2,000 of 9,000 (22%)\ndraws: 2,800 of 9,000 (31%), about 2 min left\n"
    )


def test_work_that_starts_again_is_timed_again(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    bars = ProgressBars(quiet=False)
    for clock.now, done in ((0, 0), (1, 50), (2, 95), (12, 0), (13, 1), (34, 22)):
        bars("draws", done, 100)
    assert capsys.readouterr().err == "draws: 22 of 100 (22%), about 80 s left\n"


def test_a_terminal_has_a_bar_for_each_run_and_one_for_all(terminal: io.StringIO) -> None:
    with named_progress(False, "beta {}".format) as show:
        show("1", 3, 7)
        show("2", 2, 7)
    drawn = terminal.getvalue()
    for text in ("beta 1", "beta 2", "3/7", "2/7", "all", "5/14"):
        assert text in drawn


def test_quiet_shows_nothing(
    clock: Clock, terminal: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    with named_progress(True, str) as show:
        show("a", 0, 2)
        clock.now = 100
        show("a", 1, 2)
    assert terminal.getvalue() == ""
    assert capsys.readouterr().err == ""


def test_pieces_that_were_done_before_take_no_time(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    bars = ProgressBars(quiet=False)
    for what, done in (("part 1", 100), ("part 2", 0)):
        bars(what, done, 100)
    for clock.now, done in ((1, 1), (22, 22)):
        bars("part 2", done, 100)
    assert capsys.readouterr().err == "2 pieces: 122 of 200 (61%), about 80 s left\n"


def test_what_comes_after_is_a_job_of_its_own(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    bars = ProgressBars(quiet=False)
    for done in (0, 100):
        bars("part 1", done, 100)
        bars("part 2", done, 100)
    for clock.now, done in ((20, 0), (21, 1), (41, 5)):
        bars("evidence", done, 8)
    assert capsys.readouterr().err == (
        "evidence: 1 of 8 (12%)\nevidence: 5 of 8 (62%), about 15 s left\n"
    )


def test_a_job_that_another_times(clock: Clock, capsys: pytest.CaptureFixture[str]) -> None:
    bars = ProgressBars(quiet=False)
    pieces = (Piece("beta 1", 1000, 4000), Piece("beta 2", 200, 4000))
    report = Report("2 runs", pieces, "steps", "1,050 images/s, about 3 min left")
    bars.show_job(report)
    clock.now = 20
    bars.show_job(report)
    bars("evidence", 0, 2)
    clock.now = 40
    bars("evidence", 1, 2)
    assert capsys.readouterr().err == (
        "2 runs: 1,200 of 8,000 steps (15%), 1,050 images/s, about 3 min left\n"
        "evidence: 1 of 2 (50%)\n"
    )


def test_a_notebook_has_one_line_that_is_written_over(
    notebook: None, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with shown_progress(True) as shown:
        shown.progress("draws", 0, 3000)
        for clock.now, done in ((1, 0), (2, 100), (25, 1000)):
            shown.progress("draws", done, 3000)
        shown.progress("draws", 1001, 3000)  # too early for another
        shown.say("2 seeds: not clear yet")
        shown.progress("draws", 3000, 3000)  # the end is never too early
    written = capsys.readouterr()
    assert written.err == ""
    lines = [[part.rstrip(" ") for part in line.split("\r")] for line in written.out.split("\n")]
    assert lines == [
        [
            "",
            "draws: 0 of 3,000",
            "draws: 100 of 3,000 (3%)",
            "draws: 1,000 of 3,000 (33%), about 50 s left",
        ],
        ["2 seeds: not clear yet"],
        ["", "draws: 3,000 of 3,000 (100%)"],
        [""],
    ]


def test_lines_stand_above_the_bars(
    terminal: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    with shown_progress(True) as shown:
        shown.progress("beta 1", 3, 7)
        shown.say("note: [of] 1 beta")
    assert "note: [of] 1 beta\n" in terminal.getvalue()
    assert "3/7" in terminal.getvalue()
    assert capsys.readouterr().out == ""


def test_a_script_gets_lines_on_standard_error(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_progress(True) as shown:
        shown.say("note: a line")
    written = capsys.readouterr()
    assert (written.out, written.err) == ("", "note: a line\n")


def test_a_function_of_the_users_takes_the_place_of_bars(
    terminal: io.StringIO, capsys: pytest.CaptureFixture[str]
) -> None:
    calls: list[tuple[str, int, int]] = []
    with shown_progress(lambda *call: calls.append(call)) as shown:
        shown.progress("beta 1", 3, 7)
        shown.say("note: a line")
    with shown_progress(False) as shown:
        shown.progress("beta 1", 3, 7)
        shown.say("note: a line")
    assert calls == [("beta 1", 3, 7)]
    assert terminal.getvalue() == ""
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("progress", [None, "yes", 1])
def test_other_ways_to_show_progress_are_refused(progress: object) -> None:
    with (
        pytest.raises(UserError, match="give True, False, or a function"),
        shown_progress(progress),  # type: ignore[arg-type]
    ):
        pass


def test_a_job_without_news_is_announced_where_there_are_no_bars(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(screens, "ANNOUNCED_AFTER", 0.0)
    with named_progress(False, "{} of runs".format) as show:
        show("evidence", 0, 3)
        time.sleep(0.2)
    assert capsys.readouterr().err == "evidence of runs: 0 of 3\n"


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (None, ""),
        (0.0, ""),
        (0.4, "about 5 s left"),
        (42.0, "about 40 s left"),
        (89.0, "about 90 s left"),
        (90.0, "about 2 min left"),
        (3_570.0, "about 1 h 0 min left"),
        (8_100.0, "about 2 h 15 min left"),
    ],
)
def test_the_time_left_is_rounded(seconds: float | None, text: str) -> None:
    assert time_left_text(seconds) == text
