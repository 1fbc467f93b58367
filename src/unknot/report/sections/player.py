"""Reconstructions of the same test images over training, on one timeline for all runs."""

from collections.abc import Sequence
from dataclasses import dataclass

from unknot.report.script_data import SHEET_BYTES, ScriptRun
from unknot.report.sections import NO_RUN, LeftOut, ReportContext
from unknot.report.text import counted_titles


@dataclass(frozen=True)
class Player:
    """The timeline, which `player.js` draws.

    Attributes:
        runs: that are drawn.
        others: which reconstructions were left out, in words.
    """

    runs: Sequence[ScriptRun]
    others: str


def player(context: ReportContext) -> Player | LeftOut:
    """List the runs whose reconstructions over training are in the page."""
    if context.script_data is None:
        return LeftOut(NO_RUN)
    runs = context.script_data.runs
    drawn = [run for run in runs if run.sheet]
    if not drawn:
        return LeftOut(
            "no run recorded reconstructions while it was trained (--pictures none leaves them "
            "out); those of the end are in the explorer, or unknot traverse RUN draws some"
        )
    others = [run.title for run in runs if not run.sheet]
    return Player(drawn, _others_text(others) if others else "")


def _others_text(titles: Sequence[str]) -> str:
    return (
        f"The page holds some {SHEET_BYTES / 1e6:.0f} MB of reconstructions, those of the first "
        f"seeds; left out: {counted_titles(titles)}."
    )
