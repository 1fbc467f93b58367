"""The histories of runs as the page needs them: read once, with as many lines as it can use."""

from collections.abc import Sequence

from unknot.report.chart_data import thinned
from unknot.runs.history import HistoryLine
from unknot.runs.run import Run

MOST_VALIDATION_LINES = 20_000
"""Of a run; a longer history is taken with gaps."""


class Histories:
    """Reads the history of each run when it is first wanted, and keeps what a page shows of it."""

    def __init__(self) -> None:
        self._lines: dict[str, Sequence[HistoryLine]] = {}

    def of(self, run: Run, split: str | None = None) -> Sequence[HistoryLine]:
        """Give lines of a run's history, oldest first; those of the training as a chart has them.

        Args:
            run: trained.
            split: only `train` or only `validation` lines.
        """
        place = str(run.folder)
        if place not in self._lines:
            self._lines[place] = _kept(run.history())
        return [line for line in self._lines[place] if split in (None, line["split"])]


def _kept(lines: Sequence[HistoryLine]) -> list[HistoryLine]:
    train = [line for line in lines if line["split"] == "train"]
    others = [line for line in lines if line["split"] != "train"]
    step = -(-len(others) // MOST_VALIDATION_LINES) or 1
    return [*thinned(train), *others[:-1:step], *others[-1:]]
