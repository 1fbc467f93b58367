"""Progress for people: bars on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Timer
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.progress import TaskID

Progress = Callable[[str, int, int], None]
"""Called as progress(what, done, total)."""

PLAIN_SECONDS = 15.0
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
        if self._shows_lines and is_new_job:
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

    def _sums(self) -> tuple[int, int]:
        done, total = zip(*self._pieces.values())
        return sum(done), sum(total)

    def _show_bar(self, what: str, done: int, total: int) -> None:
        if what not in self._tasks:
            self._tasks[what] = self._bars.add_task(what, total=total)
        self._bars.update(self._tasks[what], completed=done, total=total)

    def _show_line(self) -> None:
        done, total = self._sums()
        now, newly_done = time.monotonic(), done - sum(self._starts.values())
        if now - self._last_line < PLAIN_SECONDS or newly_done <= 0:
            return
        self._last_line = now
        left = (now - self._began) / newly_done * (total - done)
        so_far = f"{self._label()}: {done:,} of {total:,} ({done / total:.0%})"
        print(f"{so_far}, about {_duration(left)} left", file=sys.stderr, flush=True)

    @contextmanager
    def shown(self) -> Iterator["ProgressBars"]:
        """Keep the bars on the terminal while the block runs."""
        try:
            with self._bars:
                yield self
        finally:
            self._first_line.cancel()


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
