"""The runs in the rate-distortion plane."""

from dataclasses import dataclass

from unknot.config import beta_text
from unknot.report.figures import plots
from unknot.report.sections import NO_RUN, LeftOut, ReportContext


@dataclass(frozen=True)
class RateDistortionPlot:
    """The rate-distortion plane.

    Attributes:
        plot: SVG of ours.
    """

    plot: str


def rate_distortion(context: ReportContext) -> RateDistortionPlot | LeftOut:
    """Plot every run by rate and distortion on test images."""
    if not context.runs:
        return LeftOut(NO_RUN)
    points = []
    for run in context.runs:
        test = run.evaluation.test
        points.append((f"beta {beta_text(run.config.beta)}", test.rate, test.distortion))
    return RateDistortionPlot(plots.to_svg(plots.rate_distortion(points)))
