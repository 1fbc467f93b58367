"""Progress for people: bars on a terminal, one line in a notebook, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Timer
from typing import TYPE_CHECKING, NamedTuple

from unknot.common.errors import UserError

if TYPE_CHECKING:
    from rich.progress import TaskID

Progress = Callable[[str, int, int], None]
"""Called as progress(what, done, total)."""

Say = Callable[[str], None]
"""Called with a line for people."""

PLAIN_SECONDS = 15.0
NOTEBOOK_SECONDS = 0.5
ANNOUNCED_AFTER = 1.0  # seconds


class ProgressBars:
    """Shows how far named pieces of work are.

    Args:
        quiet: show nothing.
    """

    def __init__(self, quiet: bool) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            MofNCompleteColumn,
            TextColumn,
            TimeRemainingColumn,
        )
        from rich.progress import Progress as Bars

        console = Console(stderr=True)
        self._shows_bars = console.is_terminal and not quiet
        self._shows_lines = not console.is_terminal and not quiet
        # rich's own bars stay away from a notebook without ipywidgets; a line that is written over
        # is seen in all of them
        self._is_notebook = console.is_jupyter
        self._is_in_line = False
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not self._shows_bars,
        )
        self._tasks: dict[str, TaskID] = {}
        self._pieces: dict[str, tuple[int, int]] = {}
        self._starts: dict[str, int] = {}
        self._is_under_way = False
        self._first_line = Timer(ANNOUNCED_AFTER, self._announce)
        self._began = self._last_line = time.monotonic()

    def show(self, what: str, done: int, total: int) -> None:
        """Tell how far one piece of work is; this is a `Progress`.

        Pieces that are first heard of one after the other are one job; a new one that comes later
        begins another job.
        """
        if what in self._pieces:
            self._is_under_way = True
        elif self._is_under_way:
            self._pieces, self._starts, self._is_under_way = {}, {}, False
            self._began = time.monotonic()
        is_new_job = not self._pieces
        if done < self._starts.setdefault(what, done):  # the piece has begun again
            self._starts[what], self._began = done, time.monotonic()
        self._pieces[what] = done, total
        if self._shows_lines and is_new_job and not self._is_notebook:
            self._announce_later()
        if self._shows_bars:
            self._show_bar(what, done, total)
            if len(self._pieces) > 1:
                self._show_bar("all", *self._sums())
        elif self._shows_lines:
            self._show_line()

    def _announce_later(self) -> None:
        """Say what the job is if it takes more than a second."""
        self._first_line.cancel()
        self._first_line = Timer(ANNOUNCED_AFTER, self._announce)
        self._first_line.daemon = True
        self._first_line.start()

    def _announce(self) -> None:
        done, total = self._sums()
        print(f"{self._label()}: {done:,} of {total:,}", file=sys.stderr, flush=True)

    def _label(self) -> str:
        return next(iter(self._pieces)) if len(self._pieces) == 1 else f"{len(self._pieces)} runs"

    def say(self, line: str) -> None:
        """Show a line where progress is shown; nothing where none is."""
        if self._shows_bars:
            self._bars.console.print(line, markup=False, highlight=False, soft_wrap=True)
        elif self._shows_lines:
            self._end_line()
            self._print(line)

    def _sums(self) -> tuple[int, int]:
        done, total = zip(*self._pieces.values())
        return sum(done), sum(total)

    def _show_bar(self, what: str, done: int, total: int) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._bars.add_task(what, total=total)
        self._bars.update(self._tasks[what], completed=done, total=total)

    def _show_line(self) -> None:
        now = time.monotonic()
        interval = NOTEBOOK_SECONDS if self._is_notebook else PLAIN_SECONDS
        done, total = self._sums()
        is_due = now - self._last_line >= interval or (self._is_notebook and done == total)
        newly_done = done - sum(self._starts.values())
        if not is_due or not (newly_done > 0 or self._is_notebook):
            return
        self._last_line = now
        line = f"{self._label()}: {done:,} of {total:,} ({done / total:.0%})"
        if newly_done > 0 and done < total:
            left = (now - self._began) / newly_done * (total - done)
            line += f", about {_duration(left)} left"
        if self._is_notebook:
            self._print(f"\r{line:79}", end="")
            self._is_in_line = True
        else:
            self._print(line)

    def _print(self, text: str, end: str = "\n") -> None:
        file = sys.stdout if self._is_notebook else sys.stderr
        print(text, end=end, file=file, flush=True)

    def _end_line(self) -> None:
        if self._is_in_line:
            self._print("")
            self._is_in_line = False

    @contextmanager
    def shown(self) -> Iterator["ProgressBars"]:
        """Keep the bars on the terminal while the block runs."""
        try:
            with self._bars:
                yield self
        finally:
            self._first_line.cancel()
            self._end_line()


class Shown(NamedTuple):
    """How work that a user called from Python is shown.

    Attributes:
        progress: tells how far it is.
        say: shows a line.
    """

    progress: Progress
    say: Say


@contextmanager
def shown_progress(progress: Progress | bool) -> Iterator[Shown]:
    """Show how far work is, as the user who called it wants it shown.

    Lines are printed, not warned of: a warning would end a user's tests where warnings are errors,
    and would show a line of our code beside it.

    Args:
        progress: True for bars or lines; False for nothing; or a function of the user's, which is
            called in their place.

    Raises:
        UserError: if it is none of these.
    """
    if not (isinstance(progress, bool) or callable(progress)):
        raise UserError(f"progress is {progress!r}; give True, False, or a function")
    with ProgressBars(quiet=progress is not True).shown() as bars:
        yield Shown(progress=bars.show if isinstance(progress, bool) else progress, say=bars.say)


@contextmanager
def announced(quiet: bool, what: str) -> Iterator[None]:
    """Say what is being done where the block takes more than a second, imports included.

    Args:
        quiet: say nothing.
        what: is being done, such as `opening the run`.
    """
    line = partial(print, f"{what}…", file=sys.stderr, flush=True)
    timer = Timer(ANNOUNCED_AFTER, line)
    timer.daemon = True
    if not quiet:
        timer.start()
    try:
        yield
    finally:
        timer.cancel()


@contextmanager
def named_progress(quiet: bool, label: Callable[[str], str]) -> Iterator[Progress]:
    """Give a `Progress` that shows `label(what)`."""
    with ProgressBars(quiet).shown() as bars:
        yield lambda what, done, total: bars.show(label(what), done, total)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
