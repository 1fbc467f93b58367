"""Training while it goes on: reconstructions forming, losses, the KL of each latent, time left.

It stands only in the page that `unknot watch` serves, and only until all is done.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from unknot.report.live_runs import LiveRun
from unknot.report.run_watcher import ExperimentWatcher
from unknot.report.sections import LeftOut, ReportContext


@dataclass(frozen=True)
class Live:
    """What `live.js` begins with, before the server tells it what is new.

    Attributes:
        sentence: how far all of it is.
        runs: each with how far it is in words.
        data: the same and more, for the script.
    """

    sentence: str
    runs: Sequence[LiveRun]
    data: dict[str, Any]


def live(context: ReportContext) -> Live | LeftOut:
    """Look at the folders of all runs."""
    seen = ExperimentWatcher(context.files).look()
    if seen.is_finished:
        return LeftOut("nothing is being trained")
    return Live(sentence=seen.sentence, runs=seen.runs, data=seen.as_dict())
