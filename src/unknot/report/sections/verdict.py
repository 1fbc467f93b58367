"""Whether a higher beta separated the latents, and what the answer rests on."""

from collections.abc import Sequence
from dataclasses import dataclass

from unknot.report.sections import NO_EVIDENCE, LeftOut, ReportContext
from unknot.report.text import verdict_lines


@dataclass(frozen=True)
class VerdictLines:
    """The verdict in words.

    Attributes:
        answer: question and answer.
        reasons: a paragraph each.
    """

    answer: str
    reasons: Sequence[str]


def verdict(context: ReportContext) -> VerdictLines | LeftOut:
    """Give the verdict line by line."""
    if context.evidence is None:
        return LeftOut(NO_EVIDENCE)
    answer, *reasons = verdict_lines(context.evidence)
    return VerdictLines(answer, reasons)
