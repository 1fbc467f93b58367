"""What was measured of the runs of each beta, with controls."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from unknot.report.sections import NO_EVIDENCE, NO_RUN, LeftOut, ReportContext
from unknot.report.text import BETA_COLUMNS, beta_cells


@dataclass(frozen=True)
class BetaTable:
    """A row for each beta.

    Attributes:
        columns: name and meaning of each; no meaning where the name says it.
        rows: a cell for each column.
    """

    columns: Mapping[str, str]
    rows: Sequence[Sequence[str]]


def beta_evidence(context: ReportContext) -> BetaTable | LeftOut:
    """Give means over the seeds of each beta."""
    if context.evidence is None:
        return LeftOut(NO_EVIDENCE)
    if not context.evidence.betas:
        return LeftOut(NO_RUN)
    return BetaTable(BETA_COLUMNS, [beta_cells(beta) for beta in context.evidence.betas])
