"""Several objectives at the same rate, since equal strengths mean nothing across them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from unknot.evidence.objective_rows import run_points
from unknot.models.objectives import objective_type
from unknot.report.chart_data import chart_run, rounded
from unknot.report.measures import MEASURES, matched_cell
from unknot.report.sections import NO_EVIDENCE, LeftOut, ReportContext


@dataclass(frozen=True)
class ObjectiveRow:
    """One objective.

    Attributes:
        name: of the objective.
        strength: what its strength is, in words.
        cells: one for each measure: mean, interval, and how sure a difference from the first is.
    """

    name: str
    strength: str
    cells: Sequence[str]


@dataclass(frozen=True)
class Objectives:
    """The objectives side by side.

    Attributes:
        rate: at which they are compared, in nats; None where they share none.
        reason: why they share none, in words; else empty.
        num_seeds: of each objective that are compared.
        measures: the heads of the columns -> what they say.
        rows: one for each objective.
        data: of the chart: `runs` with their rates and measures, and the `rate`.
    """

    rate: float | None
    reason: str
    num_seeds: int
    measures: Mapping[str, str]
    rows: Sequence[ObjectiveRow]
    data: Mapping[str, Any]


def objectives(context: ReportContext) -> Objectives | LeftOut:
    """Compare the objectives at the same rate."""
    if not context.config.objectives:
        return LeftOut("")
    matched = context.evidence.matched_rate if context.evidence else None
    if matched is None or context.evidence is None:
        return LeftOut(NO_EVIDENCE)
    points = run_points(context.runs, context.evidence.axes)
    names = list(dict.fromkeys(name for point in points.values() for name in point.values))
    runs = [
        chart_run(run)
        | {
            "objective": run.config.training.objective,
            "rate": rounded(points[run.name].rate),
            "values": {key: rounded(value) for key, value in points[run.name].values.items()},
        }
        for run in context.runs
        if run.name in points
    ]
    return Objectives(
        rate=matched.rate,
        reason=matched.reason,
        num_seeds=len(matched.seeds),
        measures=dict(MEASURES[name] for name in matched.measures),
        rows=[
            ObjectiveRow(
                name=name,
                strength=objective_type(name).beta_is,
                cells=[matched_cell(matched.value(measure, name)) for measure in matched.measures],
            )
            for name in matched.objectives
        ],
        data={
            "rate": rounded(matched.rate),
            "measures": {name: MEASURES[name].head for name in names},
            "runs": runs,
        },
    )
