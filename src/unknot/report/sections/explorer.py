"""The explorer: sliders for every latent, with the decoder itself behind them."""

from collections.abc import Sequence
from dataclasses import dataclass

from unknot.report.script_data import ScriptRun
from unknot.report.sections import NO_RUN, LeftOut, ReportContext
from unknot.report.text import counted_titles


@dataclass(frozen=True)
class Explorer:
    """The explorer, which `explorer.js` fills.

    Attributes:
        reasons: why decoders of some runs are not in it, a sentence each.
    """

    reasons: Sequence[str]


def explorer(context: ReportContext) -> Explorer | LeftOut:
    """Show the explorer where the page holds a decoder."""
    if context.script_data is None:
        return LeftOut(NO_RUN)
    runs = context.script_data.runs
    titles = _titles_by_reason(runs)
    if not any(run.model for run in runs):
        return LeftOut("; ".join(titles))
    reasons = [
        f"Not in the explorer: {counted_titles(named)}: {why}." for why, named in titles.items()
    ]
    choice = context.detailed.choice if context.detailed else ""
    return Explorer([*reasons, choice] if choice else reasons)


def _titles_by_reason(runs: Sequence[ScriptRun]) -> dict[str, list[str]]:
    titles: dict[str, list[str]] = {}
    for run in runs:
        if not run.model:
            titles.setdefault(run.reason, []).append(run.title)
    return titles
