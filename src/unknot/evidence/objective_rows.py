"""Several objectives: the evidence of each, put together and compared."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from math import isfinite

from unknot.evidence.answers import Commands
from unknot.evidence.answers.objective import DCI, INFOMEC, INTERACTION_Z, answer_objective
from unknot.evidence.axes import INTERACTION, LABELS, PROPERTIES, AxisEvidence
from unknot.evidence.evidence import Evidence
from unknot.evidence.objective_comparison import MatchedRate, RunPoint, match_rates
from unknot.metrics.result import VOID
from unknot.runs.run import Run

SCORES = (DCI, INFOMEC, "mig")
"""Scores that are compared at the same rate, where there are labels."""
TESTS = {LABELS: "labels_z", PROPERTIES: "properties_z", INTERACTION: INTERACTION_Z}
"""Test of a run's axes -> the measure that its z is: standard deviations above random rotations."""


def compare_objectives(rows: Mapping[str, Evidence], runs: Sequence[Run]) -> MatchedRate:
    """Compare objectives at the rate that all of them come to.

    Args:
        rows: the evidence of each objective alone, by its name.
        runs: of all of them, finished; those that the evidence has left out are left out here.
    """
    axes = {name: run for row in rows.values() for name, run in row.axes.items()}
    return match_rates(list(run_points(runs, axes).values()), list(rows))


def run_points(runs: Sequence[Run], axes: Mapping[str, AxisEvidence]) -> dict[str, RunPoint]:
    """Give the rate and the measures of runs, by their names.

    Args:
        runs: finished.
        axes: how special the latents of each are, by its name; runs that it lacks are left out.
    """
    return {run.name: _point(run, axes[run.name]) for run in runs if run.name in axes}


def _point(run: Run, axes: AxisEvidence) -> RunPoint:
    evaluation = run.evaluation
    scores = evaluation.scores.scores if evaluation.scores else {}
    values = {
        key: scores[key].value
        for key in SCORES
        if key in scores and VOID not in scores[key].flags and isfinite(scores[key].value)
    }
    values |= {
        measure: axes.tests[basis].z
        for basis, measure in TESTS.items()
        if basis in axes.tests and isfinite(axes.tests[basis].z)
    }
    return RunPoint(run.config.training.objective, run.config.seed, evaluation.test.rate, values)


def merge_rows(
    rows: Mapping[str, Evidence],
    runs_included: Sequence[str],
    matched: MatchedRate,
    commands: Commands,
) -> Evidence:
    """Put the evidence of several objectives together.

    Args:
        rows: that of each objective, by its name, the first first.
        runs_included: names of the runs of all of them that were finished.
        matched: the objectives at the same rate.
        commands: that make the experiment larger.
    """
    first, *_ = rows.values()
    not_available = {
        f"{name}: {what}": reason
        for name, row in rows.items()
        for what, reason in row.not_available.items()
    }
    axes = {name: run for row in rows.values() for name, run in row.axes.items()}
    exploratory = list(dict.fromkeys(text for row in rows.values() for text in row.exploratory))
    return replace(
        first,
        runs={name: run for row in rows.values() for name, run in row.runs.items()},
        axes=axes,
        exploratory=exploratory,
        runs_included=list(runs_included),
        not_available=not_available,
        rows=dict(rows),
        matched_rate=matched,
        objective_answer=answer_objective(matched, list(axes), not exploratory, commands),
    )
