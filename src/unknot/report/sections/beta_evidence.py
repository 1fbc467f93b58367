"""What was measured of the runs of each beta, with controls, and how the betas were compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from unknot.config.parts import BETA_VAE
from unknot.report.sections import NO_EVIDENCE, NO_RUN, LeftOut, ReportContext
from unknot.report.text import beta_cells, beta_columns, plan_text, reasons_of_each


@dataclass(frozen=True)
class BetaTable:
    """A row for each beta.

    Attributes:
        columns: name and meaning of each; no meaning where the name says it.
        rows: a cell for each column.
        plan: that all went as planned, or what did not, in words.
        reasons: what the answer about beta rests on, a line each.
    """

    columns: Mapping[str, str]
    rows: Sequence[Sequence[str]]
    plan: str
    reasons: Sequence[str]


def beta_evidence(context: ReportContext) -> BetaTable | LeftOut:
    """Give means over the seeds of each beta."""
    evidence = context.evidence
    if evidence is None:
        return LeftOut(NO_EVIDENCE)
    of_each = evidence.rows or {BETA_VAE: evidence}
    if not any(row.betas for row in of_each.values()):
        return LeftOut(NO_RUN)
    return BetaTable(
        columns=beta_columns(evidence),
        rows=[beta_cells(beta, name) for name, row in of_each.items() for beta in row.betas],
        plan=plan_text(evidence),
        reasons=reasons_of_each(evidence),
    )
