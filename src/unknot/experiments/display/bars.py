"""Shows people how far named pieces of work are, and how long the rest takes."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from unknot.common.errors import UserError
from unknot.common.progress import Progress, Say
from unknot.experiments.display.recent_rate import RecentRate
from unknot.experiments.display.screens import Piece, Report, screen_for_people


class ProgressBars:
    """Shows how far named pieces of work are; it is a `Progress`.

    Args:
        quiet: show nothing.
    """

    def __init__(self, quiet: bool) -> None:
        self._screen = screen_for_people(quiet)
        self._pieces: dict[str, Piece] = {}
        self._starts: dict[str, int] = {}
        self._is_under_way = False
        self._rate = RecentRate(time.monotonic)

    def __call__(self, what: str, done: int, total: int) -> None:
        """Tell how far one piece of work is.

        Pieces that are first heard of one after the other are one job; a new one that comes later
        begins another job.
        """
        if what in self._pieces:
            self._is_under_way = True
        elif self._is_under_way:
            self._begin_job()
        is_new_job = not self._pieces
        self._starts[what] = min(done, self._starts.get(what, done))
        self._pieces[what] = Piece(what, done, total)
        newly_done = sum(piece.done - self._starts[name] for name, piece in self._pieces.items())
        self._rate.add(newly_done)
        (self._screen.begin if is_new_job else self._screen.show)(self._report())

    def show_job(self, report: Report) -> None:
        """Show a job whose speed and time left its caller knows."""
        is_new_job = not {piece.what for piece in report.pieces} & set(self._pieces)
        self._begin_job()
        self._pieces = {piece.what: piece for piece in report.pieces}
        self._is_under_way = True
        (self._screen.begin if is_new_job else self._screen.show)(report)

    def say(self, line: str) -> None:
        """Show a line where progress is shown; nothing where none is."""
        self._screen.say(line)

    @contextmanager
    def shown(self) -> Iterator["ProgressBars"]:
        """Keep what is shown in its place while the block runs."""
        try:
            yield self
        finally:
            self._screen.close()

    def _begin_job(self) -> None:
        self._pieces, self._starts, self._is_under_way = {}, {}, False
        self._rate = RecentRate(time.monotonic)

    def _report(self) -> Report:
        pieces = tuple(self._pieces.values())
        label = pieces[0].what if len(pieces) == 1 else f"{len(pieces)} pieces"
        report = Report(label=label, pieces=pieces)
        total = report.total - sum(self._starts.values())
        return report._replace(note=time_left_text(self._rate.seconds_left(total)))


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
        yield Shown(progress=bars if isinstance(progress, bool) else progress, say=bars.say)


@contextmanager
def named_progress(quiet: bool, label: Callable[[str], str]) -> Iterator[Progress]:
    """Give a `Progress` that shows `label(what)`."""
    with ProgressBars(quiet).shown() as bars:
        yield lambda what, done, total: bars(label(what), done, total)


def time_left_text(seconds: float | None) -> str:
    """Say how long work still takes, `about 3 min left`; nothing where it is not known or over."""
    if not seconds:
        return ""
    if seconds < 90:
        return f"about {max(5, 5 * round(seconds / 5))} s left"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"about {f'{hours} h ' if hours else ''}{minutes} min left"
