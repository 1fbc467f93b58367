"""What the page lacks, and why: gaps in the evidence, and sections that are left out."""

from collections.abc import Sequence
from dataclasses import dataclass

from unknot.report.sections import LeftOut, ReportContext


@dataclass(frozen=True)
class Gaps:
    """What is missing.

    Attributes:
        lines: what, and why.
    """

    lines: Sequence[str]


def missing(context: ReportContext) -> Gaps | LeftOut:
    """Give a line for each reason."""
    reasons = dict(context.evidence.not_available) if context.evidence else {}
    reasons |= {name.replace("_", " "): reason for name, reason in context.left_out.items()}
    names: dict[str, list[str]] = {}
    for name, reason in reasons.items():
        names.setdefault(reason, []).append(name)
    if not names:
        return LeftOut("nothing is missing")
    return Gaps([f"{', '.join(what)}: {reason}" for reason, what in names.items()])
