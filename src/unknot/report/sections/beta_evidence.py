"""What was measured of the runs of each beta, with controls, and how the betas were compared."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from unknot.report.reasons import reason_lines
from unknot.report.sections import NO_EVIDENCE, NO_RUN, LeftOut, ReportContext
from unknot.report.text import BETA_COLUMNS, beta_cells, plan_text


@dataclass(frozen=True)
class BetaTable:
    """A row for each beta, or other strength.

    Attributes:
        strength: what is compared: beta, or strength.
        columns: name and meaning of each; no meaning where the name says it.
        rows: a cell for each column.
        plan: that all went as planned, or what did not, in words.
        reasons: what the answer about beta rests on, a line each.
    """

    strength: str
    columns: Mapping[str, str]
    rows: Sequence[Sequence[str]]
    plan: str
    reasons: Sequence[str]


def beta_evidence(context: ReportContext) -> BetaTable | LeftOut:
    """Give means over the seeds of each beta."""
    evidence = context.evidence
    if evidence is None:
        return LeftOut(NO_EVIDENCE)
    of_each = [(row.config.training.objective, row.evidence) for row in context.rows()]
    rows = [beta_cells(beta, name) for name, row in of_each if row for beta in row.betas]
    if not rows:
        return LeftOut(NO_RUN)
    _, *others = BETA_COLUMNS
    return BetaTable(
        strength=context.strength,
        columns={context.strength: ""} | {name: BETA_COLUMNS[name] for name in others},
        rows=rows,
        plan=plan_text(evidence),
        reasons=reason_lines(evidence),
    )
