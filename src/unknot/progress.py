"""Progress for people: bars on a terminal, plain lines elsewhere."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TaskID,
    TextColumn,
    TimeRemainingColumn,
)

PLAIN_SECONDS = 15.0


class Steps:
    """Shows how far named pieces of work are.

    Args:
        quiet: show nothing.
    """

    def __init__(self, quiet: bool) -> None:
        console = Console(stderr=True)
        self._bars = console.is_terminal and not quiet
        self._plain = not console.is_terminal and not quiet
        self._progress = Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeRemainingColumn(),
            console=console,
            disable=not self._bars,
        )
        self._tasks: dict[str, TaskID] = {}
        self._begun = self._told = time.monotonic()
        self._first: int | None = None

    def show(self, pieces: list[tuple[str, int, int]]) -> None:
        """Tell of every piece: its name, how much of it is done, and how much there is."""
        if self._bars:
            rows = [("all", *_total(pieces)), *pieces] if len(pieces) > 1 else pieces
            for name, done, total in rows:
                if name not in self._tasks:
                    self._tasks[name] = self._progress.add_task(name, total=total)
                self._progress.update(self._tasks[name], completed=done)
        elif self._plain:
            self._show_plain(pieces)

    def _show_plain(self, pieces: list[tuple[str, int, int]]) -> None:
        done, total = _total(pieces)
        now = time.monotonic()
        if self._first is None:
            self._first = done
        if now - self._told < PLAIN_SECONDS or done <= self._first:
            return
        self._told = now
        left = (now - self._begun) / (done - self._first) * (total - done)
        named = pieces[0][0] if len(pieces) == 1 else f"{len(pieces)} runs"
        print(
            f"{named}: {done:,} of {total:,} ({done / total:.0%}), about {_duration(left)} left",
            file=sys.stderr,
            flush=True,
        )

    @contextmanager
    def shown(self) -> Iterator["Steps"]:
        """Keep the bars on the terminal while the block runs."""
        with self._progress:
            yield self


@contextmanager
def named_progress(
    quiet: bool, name: Callable[[str], str]
) -> Iterator[Callable[[str, int, int], None]]:
    """A `progress(what, done, total)` that shows `name(what)`."""
    with Steps(quiet).shown() as steps:
        yield lambda what, done, total: steps.show([(name(what), done, total)])


def _total(pieces: list[tuple[str, int, int]]) -> tuple[int, int]:
    return sum(done for _, done, _ in pieces), sum(total for _, _, total in pieces)


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 90 else f"{seconds / 60:.0f} min"
