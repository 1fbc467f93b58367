"""How much each latent tells at each beta, beside what a linear model of the images would do."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from unknot.evidence.collapse import CollapsePrediction, ObservedCollapse
from unknot.evidence.evidence import Evidence
from unknot.models.objectives import objective_type
from unknot.report.chart_data import all_rounded, chart_run
from unknot.report.sections import NO_RUN, LeftOut, ReportContext
from unknot.runs.run import Run


@dataclass(frozen=True)
class CollapseChart:
    """The rate of each latent over beta, or the strength of another objective.

    Attributes:
        objective: whose runs are shown, where there are several; else empty.
        strength: what it is called: beta, or strength.
        data: `runs`, each with the rates of its latents and how many are active, the betas at which
            a linear model's latents `collapse`, and the settings of all runs of the page, which
            decide how each looks.
        rows: what training gave beside what was predicted, a run each.
        collapse_betas: at which the latents of a linear model collapse; empty where not known.
        problem: why nothing is predicted, in words; empty if something is.
    """

    objective: str
    strength: str
    data: Mapping[str, Any]
    rows: Sequence[ObservedCollapse]
    collapse_betas: Sequence[float]
    problem: str


def collapse(context: ReportContext) -> CollapseChart | LeftOut:
    """Give the rate of each latent of every run, and what a linear model would do."""
    everything, rows = context.runs, context.rows()
    context = next((row for row in rows if _collapses(row)), rows[0])
    if not context.runs:
        return LeftOut(NO_RUN)
    evidence = context.evidence
    prediction = evidence.collapse if evidence else None
    collapse_betas = _positive(prediction)
    data = {
        "runs": [_chart_run(run, evidence) for run in context.runs],
        "collapse": all_rounded(collapse_betas),
        "strength": context.strength,
        "settings": [chart_run(run) for run in everything],
    }
    return CollapseChart(
        objective=context.config.training.objective if len(rows) > 1 else "",
        strength=context.strength,
        data=data,
        rows=evidence.observed_vs_predicted if evidence and prediction else [],
        collapse_betas=collapse_betas,
        problem=evidence.not_available["collapse"] if evidence and not prediction else "",
    )


def _collapses(row: ReportContext) -> bool:
    """Whether a linear model's latents collapse at strengths of a row's objective."""
    return objective_type(row.config.training.objective).collapses_by_beta


def _positive(prediction: CollapsePrediction | None) -> list[float]:
    betas: list[float] = prediction.collapse_betas.tolist() if prediction else []
    return [beta for beta in betas if beta > 0]


def _chart_run(run: Run, evidence: Evidence | None) -> dict[str, Any]:
    """A run with the rates of its latents, the largest first."""
    kl = all_rounded(sorted(run.kl.tolist(), reverse=True))
    return chart_run(run) | {"kl": kl, "active": _num_active(run, evidence)}


def _num_active(run: Run, evidence: Evidence | None) -> int | None:
    """How many of a run's latents are active; None where that was not gathered."""
    for row in evidence.betas if evidence else []:
        if row.beta == run.config.beta and run.config.seed in row.seeds:
            return row.active[row.seeds.index(run.config.seed)]
    return None
