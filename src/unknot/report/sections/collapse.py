"""At which betas the latents of a linear model collapse, beside the betas that were trained."""

from dataclasses import dataclass

from unknot.report.figures import plots
from unknot.report.sections import NO_EVIDENCE, LeftOut, ReportContext


@dataclass(frozen=True)
class CollapsePlot:
    """The collapse betas.

    Attributes:
        plot: SVG of ours.
    """

    plot: str


def collapse(context: ReportContext) -> CollapsePlot | LeftOut:
    """Plot the collapse betas and those that were trained."""
    if context.evidence is None:
        return LeftOut(NO_EVIDENCE)
    prediction = context.evidence.collapse
    if prediction is None:
        return LeftOut(context.evidence.not_available["collapse"])
    figure = plots.spectrum(prediction.collapse_betas, context.config.betas)
    return CollapsePlot(plots.to_svg(figure))
