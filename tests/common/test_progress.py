"""Progress: bars on a terminal, now and then a line elsewhere, nothing if it is not wanted."""

import io
import time

import pytest
from rich.console import Console

from unknot.common import progress
from unknot.common.errors import UserError
from unknot.common.progress import ProgressBars, announced, named_progress, shown_progress


class Clock:
    """Gives the seconds that a test sets."""

    def __init__(self) -> None:
        self.now = 0.0

    def monotonic(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr(progress, "time", clock)
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
    bars = ProgressBars(quiet=False)
    bars.show("beta 2", 1000, 3000)
    clock.now = 10
    bars.show("beta 2", 1500, 3000)
    assert capsys.readouterr().err == ""  # too early for a line
    clock.now = 20
    bars.show("beta 2", 2000, 3000)
    bars.show("beta 2", 2001, 3000)
    assert capsys.readouterr().err == "beta 2: 2,000 of 3,000 (67%), about 20 s left\n"


def test_lines_of_several_runs_are_of_all_together(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    bars = ProgressBars(quiet=False)
    bars.show("beta 1", 0, 100)
    bars.show("beta 2", 0, 100)
    clock.now = 20
    bars.show("beta 1", 10, 100)
    assert capsys.readouterr().err == "2 runs: 10 of 200 (5%), about 6 min left\n"


def test_work_that_starts_again_is_timed_again(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    bars = ProgressBars(quiet=False)
    bars.show("draws", 90, 100)
    clock.now = 100
    bars.show("draws", 0, 100)
    clock.now = 120
    bars.show("draws", 50, 100)
    assert capsys.readouterr().err == "draws: 50 of 100 (50%), about 20 s left\n"


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


def test_runs_that_were_done_before_take_no_time(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    bars = ProgressBars(quiet=False)
    for what, done in (("beta 1", 100), ("beta 2", 0)):
        bars.show(what, done, 100)
    clock.now = 20
    bars.show("beta 1", 100, 100)
    bars.show("beta 2", 20, 100)
    assert capsys.readouterr().err == "2 runs: 120 of 200 (60%), about 80 s left\n"


def test_what_comes_after_the_runs_is_a_job_of_its_own(
    clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    bars = ProgressBars(quiet=False)
    for done in (0, 100):
        bars.show("beta 1", done, 100)
        bars.show("beta 2", done, 100)
    clock.now = 20
    bars.show("evidence", 0, 4)
    clock.now = 40
    bars.show("evidence", 1, 4)
    assert capsys.readouterr().err == "evidence: 1 of 4 (25%), about 60 s left\n"


def test_a_notebook_has_one_line_that_is_written_over(
    notebook: None, clock: Clock, capsys: pytest.CaptureFixture[str]
) -> None:
    with shown_progress(True) as shown:
        shown.progress("beta 2", 0, 3000)
        clock.now = 1
        shown.progress("beta 2", 0, 3000)
        clock.now = 10
        shown.progress("beta 2", 1000, 3000)
        shown.progress("beta 2", 1001, 3000)  # too early for another
        shown.say("2 seeds: not clear yet")
        shown.progress("beta 2", 3000, 3000)  # the end is never too early
    written = capsys.readouterr()
    assert written.err == ""
    lines = [[part.rstrip(" ") for part in line.split("\r")] for line in written.out.split("\n")]
    assert lines == [
        ["", "beta 2: 0 of 3,000 (0%)", "beta 2: 1,000 of 3,000 (33%), about 20 s left"],
        ["2 seeds: not clear yet"],
        ["", "beta 2: 3,000 of 3,000 (100%)"],
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


def test_what_takes_long_is_announced(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with announced(False, "opening the run"):
        pass
    monkeypatch.setattr(progress, "ANNOUNCED_AFTER", 0.0)
    for quiet in (False, True):
        with announced(quiet, "reading the images"):
            time.sleep(0.2)
    assert capsys.readouterr().err == "reading the images…\n"


def test_a_job_without_news_is_announced_where_there_are_no_bars(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(progress, "ANNOUNCED_AFTER", 0.0)
    with named_progress(False, "{} of runs".format) as show:
        show("evidence", 0, 3)
        time.sleep(0.2)
    assert capsys.readouterr().err == "evidence of runs: 0 of 3\n"
