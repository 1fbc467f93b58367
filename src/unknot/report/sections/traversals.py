"""Every latent at once: a row for each, moved from -1 to 1 and back."""

from dataclasses import dataclass

from unknot.report.sections import NO_RUN, LeftOut, ReportContext


@dataclass(frozen=True)
class Traversals:
    """The moving grid, which `traversals.js` draws.

    Attributes:
        num_samples: columns, each of which starts from another sample of the prior.
    """

    num_samples: int


def traversals(context: ReportContext) -> Traversals | LeftOut:
    """Show the grid where the page holds a decoder."""
    if context.script_data is None:
        return LeftOut(NO_RUN)
    if not any(run.model for run in context.script_data.runs):
        return LeftOut("the page holds no decoder")
    return Traversals(len(context.script_data.samples))
