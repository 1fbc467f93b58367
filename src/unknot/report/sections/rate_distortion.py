"""The runs in the rate-distortion plane, a chart that `rate_distortion.js` draws."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from unknot.report.chart_data import chart_run, rounded
from unknot.report.sections import NO_RUN, LeftOut, ReportContext


@dataclass(frozen=True)
class RateDistortionChart:
    """The rate-distortion plane (Alemi et al. 2018).

    Attributes:
        strength: what the runs differ in: beta, or strength.
        data: `runs`, each with its rate and distortion on test images.
    """

    strength: str
    data: Mapping[str, Any]


def rate_distortion(context: ReportContext) -> RateDistortionChart | LeftOut:
    """Give every run's rate and distortion on test images."""
    if not context.runs:
        return LeftOut(NO_RUN)
    points = []
    for run in context.runs:
        test = run.evaluation.test
        numbers = {"rate": rounded(test.rate), "distortion": rounded(test.distortion)}
        points.append(chart_run(run) | numbers)
    return RateDistortionChart(context.strength, {"runs": points})
