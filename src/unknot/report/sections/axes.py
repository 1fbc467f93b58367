"""Whether the latents are special, or a random mix of them would do as well."""

from dataclasses import dataclass

from unknot.report.sections import NO_EVIDENCE, LeftOut, ReportContext
from unknot.report.text import axes_text


@dataclass(frozen=True)
class AxesAnswer:
    """The question and its answer, in words."""

    answer: str


def axes(context: ReportContext) -> AxesAnswer | LeftOut:
    """Give the answer."""
    if context.evidence is None:
        return LeftOut(NO_EVIDENCE)
    return AxesAnswer(axes_text(context.evidence))
