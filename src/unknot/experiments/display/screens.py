"""Where progress is shown: bars on a terminal, one line in a notebook, plain lines elsewhere."""

import sys
import time
from threading import Timer
from typing import TYPE_CHECKING, NamedTuple, Protocol

from unknot.common.progress import ANNOUNCED_AFTER
from unknot.common.text import on_one_line

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

PLAIN_SECONDS = 15.0
NOTEBOOK_SECONDS = 0.5
BAR_WIDTH = 12
OTHER_ROWS = 3
"""Of a terminal, that stay free of bars."""
ALL = "all"


class Piece(NamedTuple):
    """How far one piece of work is.

    Attributes:
        what: its name.
        done: units of it.
        total: likewise.
        note: what is said beside its bar.
        is_at_work: whether something is being done for it now.
    """

    what: str
    done: int
    total: int
    note: str = ""
    is_at_work: bool = True


class Report(NamedTuple):
    """How far a job is.

    Attributes:
        label: what the job is, in a line.
        pieces: of which it consists.
        unit: what is counted, such as `steps`; may be empty.
        note: what is said of all pieces together; may be empty.
    """

    label: str
    pieces: tuple[Piece, ...]
    unit: str = ""
    note: str = ""

    @property
    def done(self) -> int:
        """Units done of all pieces together."""
        return sum(piece.done for piece in self.pieces)

    @property
    def total(self) -> int:
        """Units of all pieces together."""
        return sum(piece.total for piece in self.pieces)

    @property
    def line(self) -> str:
        """How far the job is, in one line; a job that is not counted is named."""
        if self.total == 1:
            return f"{self.label}…"
        counts = f"{self.done:,} of {self.total:,}{self.unit and ' '}{self.unit}"
        share = f" ({self.done / self.total:.0%})" if self.done else ""
        return f"{self.label}: {counts}{share}{self.note and ', '}{self.note}"


class Screen(Protocol):
    """Shows people how far work is."""

    def begin(self, report: Report) -> None:
        """Show a job that begins."""

    def show(self, report: Report) -> None:
        """Show how far the job is now."""

    def say(self, line: str) -> None:
        """Show a line."""

    def close(self) -> None:
        """Leave behind what was shown."""


class SilentScreen:
    """Shows nothing."""

    def begin(self, report: Report) -> None:
        """Show nothing."""

    show = begin

    def say(self, line: str) -> None:
        """Show nothing."""

    def close(self) -> None:
        """Nothing was shown."""


class BarScreen:
    """A bar for each piece of work, and one above them for all.

    Of more pieces than the terminal has rows, only those at work are shown.

    Args:
        console: a terminal.
    """

    def __init__(self, console: "Console") -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
        from rich.table import Column

        cut = Column(no_wrap=True, overflow="ellipsis")
        self._bars = Progress(
            TextColumn("{task.description}", table_column=cut, markup=False),
            BarColumn(BAR_WIDTH),
            MofNCompleteColumn(),
            TextColumn("{task.fields[note]}", table_column=cut, markup=False),
            console=console,
        )
        self._tasks: dict[str, TaskID] = {}

    def begin(self, report: Report) -> None:
        """Show a job that begins below those before it, of which no time is left."""
        self._bars.start()
        for task in self._tasks.values():
            self._bars.update(task, note="")
        self.show(report)

    def show(self, report: Report) -> None:
        """Show how far the job is now."""
        if len(report.pieces) > 1:
            self._show_bar(Piece(ALL, report.done, report.total, report.note), is_visible=True)
            has_room = len(report.pieces) + OTHER_ROWS <= self._bars.console.height
            for piece in report.pieces:
                self._show_bar(piece, is_visible=has_room or piece.is_at_work)
        else:
            (piece,) = report.pieces
            self._show_bar(piece._replace(note=report.note), is_visible=True)

    def say(self, line: str) -> None:
        """Show a line above the bars."""
        self._bars.console.print(on_one_line(line), markup=False, highlight=False, soft_wrap=True)

    def close(self) -> None:
        """Leave the bars as they are."""
        self._bars.stop()

    def _show_bar(self, piece: Piece, *, is_visible: bool) -> None:
        if piece.what not in self._tasks:
            self._tasks[piece.what] = self._bars.add_task(piece.what, total=piece.total, note="")
        self._bars.update(
            self._tasks[piece.what],
            completed=piece.done,
            total=piece.total,
            visible=is_visible,
            note=piece.note,
        )


class LineScreen:
    """A line on standard error now and then; the first when a job has taken more than a second."""

    def __init__(self) -> None:
        self._last, self._last_time = "", time.monotonic()
        self._first_line = Timer(ANNOUNCED_AFTER, self._announce)
        self._report: Report | None = None

    def begin(self, report: Report) -> None:
        """Say what the job is if it takes more than a second."""
        self._first_line.cancel()
        self._report = report
        self._first_line = Timer(ANNOUNCED_AFTER, self._announce)
        self._first_line.daemon = True
        self._first_line.start()

    def show(self, report: Report) -> None:
        """Print how far the job is, if a line is due and it says something new."""
        self._report = report
        now = time.monotonic()
        if now - self._last_time >= PLAIN_SECONDS and report.line != self._last:
            self._last_time = now
            self._first_line.cancel()
            self._print(report.line)

    def say(self, line: str) -> None:
        """Print a line."""
        print(line, file=sys.stderr, flush=True)

    def close(self) -> None:
        """Announce nothing any more."""
        self._first_line.cancel()

    def _announce(self) -> None:
        if self._report and self._report.line != self._last:
            self._print(self._report.line)

    def _print(self, line: str) -> None:
        self._last = line
        self.say(line)


class NotebookScreen:
    """One line that is written over.

    rich's own bars stay away from a notebook without ipywidgets; such a line is seen in all.
    """

    def __init__(self) -> None:
        self._last_time = time.monotonic()
        self._width = 0

    def begin(self, report: Report) -> None:
        """Wait for the first line to be due."""
        self.show(report)

    def show(self, report: Report) -> None:
        """Write the line anew, if that is due; the end of a job always is."""
        now = time.monotonic()
        if now - self._last_time < NOTEBOOK_SECONDS and report.done < report.total:
            return
        self._last_time = now
        self._print(f"\r{report.line:{self._width}}", end="")
        self._width = len(report.line)

    def say(self, line: str) -> None:
        """Print a line below."""
        self.close()
        self._print(line)

    def close(self) -> None:
        """End the line."""
        if self._width:
            self._print("")
            self._width = 0

    def _print(self, text: str, end: str = "\n") -> None:
        print(text, end=end, flush=True)


def screen_for_people(quiet: bool) -> Screen:
    """Choose how progress is shown here.

    Args:
        quiet: not at all.
    """
    if quiet:
        return SilentScreen()
    from rich.console import Console

    console = Console(stderr=True)
    if console.is_jupyter:
        return NotebookScreen()
    return BarScreen(console) if console.is_terminal else LineScreen()
