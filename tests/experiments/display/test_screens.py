"""Where progress is shown: bars, lines, one line that is written over, nowhere."""

import io

import pytest
from rich.console import Console

from unknot.experiments.display.screens import (
    BarScreen,
    LineScreen,
    NotebookScreen,
    Piece,
    Report,
    SilentScreen,
    screen_for_people,
)


def drawn_by(*reports: Report, height: int = 24) -> str:
    """What a terminal of 100 columns shows at the end."""
    drawn = io.StringIO()
    console = Console(file=drawn, force_terminal=True, width=100, height=height, _environ={})
    screen = BarScreen(console)
    screen.begin(reports[0])
    for report in reports[1:]:
        screen.show(report)
    drawn.truncate(0)
    screen.close()
    return drawn.getvalue()


def runs(number: int, at_work: int) -> Report:
    """So many runs, one of them at work."""
    pieces = tuple(
        Piece(f"run {i}.", 5, 100, f"note {i}", is_at_work=i == at_work) for i in range(number)
    )
    return Report(f"{number} runs", pieces, "steps", "about 3 min left")


def test_a_report_is_a_line() -> None:
    assert runs(2, 0).line == "2 runs: 10 of 200 steps (5%), about 3 min left"
    assert Report("evidence", (Piece("evidence", 0, 3),)).line == "evidence: 0 of 3"
    assert Report("writing the page", (Piece("page", 0, 1),)).line == "writing the page…"


def test_each_piece_has_a_bar_and_a_note_below_that_of_all() -> None:
    drawn = drawn_by(runs(3, 0))
    assert "note 2" in drawn
    assert "15/300" in drawn
    assert "about 3 min left" in drawn
    assert drawn.index("all") < drawn.index("run 0.") < drawn.index("run 2.")


def test_one_piece_has_one_bar() -> None:
    drawn = drawn_by(Report("a", (Piece("a", 1, 7),), note="about 5 s left"))
    assert "1/7" in drawn
    assert "about 5 s left" in drawn
    assert "all" not in drawn


def test_of_more_pieces_than_there_are_rows_those_at_work_are_shown() -> None:
    drawn = drawn_by(runs(40, 7), runs(40, 33))
    assert "200/4000" in drawn
    assert "run 33." in drawn
    assert "run 7." not in drawn
    assert "run 39." in drawn_by(runs(40, 7), height=60)


def test_the_time_left_goes_with_its_job() -> None:
    drawn = io.StringIO()
    screen = BarScreen(Console(file=drawn, force_terminal=True, width=100, _environ={}))
    screen.begin(runs(2, 0))
    screen.begin(Report("evidence", (Piece("evidence", 0, 2),)))
    drawn.truncate(0)
    screen.close()
    assert "run 1." in drawn.getvalue()
    assert "left" not in drawn.getvalue()


def test_plain_lines_say_nothing_twice(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("unknot.experiments.display.screens.PLAIN_SECONDS", 0.0)
    screen = LineScreen()
    screen.begin(runs(1, 0))
    screen.show(runs(2, 0))
    screen.show(runs(2, 1))
    screen.close()
    assert capsys.readouterr().err == f"{runs(2, 0).line}\n"


def test_a_shorter_line_covers_a_longer_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("unknot.experiments.display.screens.NOTEBOOK_SECONDS", 0.0)
    screen = NotebookScreen()
    screen.begin(runs(2, 0))
    screen.show(Report("a", (Piece("a", 1, 2),)))
    screen.close()
    short = "a: 1 of 2 (50%)"
    assert capsys.readouterr().out == f"\r{runs(2, 0).line}\r{short:{len(runs(2, 0).line)}}\n"


def test_the_screen_is_the_one_that_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    assert isinstance(screen_for_people(quiet=True), SilentScreen)
    for force, kind in (
        ({"force_jupyter": True}, NotebookScreen),
        ({"force_terminal": True}, BarScreen),
        ({"force_terminal": False}, LineScreen),
    ):
        console = Console(file=io.StringIO(), _environ={}, **force)  # type: ignore[arg-type]
        monkeypatch.setattr("rich.console.Console", lambda stderr, console=console: console)
        assert isinstance(screen_for_people(quiet=False), kind)
        monkeypatch.undo()


def test_a_silent_screen_is_silent(capsys: pytest.CaptureFixture[str]) -> None:
    screen = SilentScreen()
    screen.begin(runs(2, 0))
    screen.show(runs(2, 1))
    screen.say("note")
    screen.close()
    assert capsys.readouterr() == ("", "")
