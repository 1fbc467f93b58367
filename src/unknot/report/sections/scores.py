"""Scores of the codes of the first runs, each with what a score of 1 means."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import isfinite

from unknot.metrics.registry import HEADLINE, METRICS, SCORES
from unknot.metrics.scoring import Score
from unknot.report.sections import NO_RUN, LeftOut, ReportContext
from unknot.report.text import MAX_RUNS, more_runs_text, run_title
from unknot.runs.evaluation import CodeScores


@dataclass(frozen=True)
class ScoreCell:
    """A score of one run.

    Attributes:
        value: with its place among rotated codes in brackets.
        remarks: for a hover.
    """

    value: str
    remarks: str


@dataclass(frozen=True)
class ScoreRow:
    """A score of every run.

    Attributes:
        key: of the score.
        meaning: what the value 1 says.
        cells: one for each run.
    """

    key: str
    meaning: str
    cells: Sequence[ScoreCell]


@dataclass(frozen=True)
class ScoreTable:
    """Scores of the first runs.

    Attributes:
        titles: of the runs, a column each.
        rows: the best-regarded scores first.
        others: how many runs are not in the table, in words.
    """

    titles: Sequence[str]
    rows: Sequence[ScoreRow]
    others: str


def scores(context: ReportContext) -> ScoreTable | LeftOut:
    """Give a row for each score that a run has."""
    runs = context.runs[:MAX_RUNS]
    if not runs:
        return LeftOut(NO_RUN)
    evaluations = [run.evaluation for run in runs]
    scored = [evaluation.scores for evaluation in evaluations if evaluation.scores]
    if not any(code_scores.scores for code_scores in scored):
        return LeftOut(_problem(scored))
    by_run = [evaluation.scores.scores if evaluation.scores else {} for evaluation in evaluations]
    rows = [
        ScoreRow(key, SCORES[key].meaning, [score_cell(run.get(key)) for run in by_run])
        for key in _ordered_keys()
        if any(key in run for run in by_run)
    ]
    return ScoreTable(
        titles=[run_title(run.config) for run in runs],
        rows=rows,
        others=more_runs_text(len(context.runs)),
    )


def score_cell(score: Score | None) -> ScoreCell:
    """Put a score in few characters, and what is to be known of it in words."""
    if score is None:
        return ScoreCell("-", "not scored")
    remarks = list(score.flags)
    if score.interval:
        remarks.insert(0, f"95% interval {score.interval[0]:.3f} to {score.interval[1]:.3f}")
    null = score.null_rotation
    above = f" ({null.percentile:.0f}%)" if null else ""
    value = f"{score.value:.2f}" if isfinite(score.value) else "void"
    return ScoreCell(value + above, "; ".join(remarks))


def _problem(scored: Sequence[CodeScores]) -> str:
    problems = dict.fromkeys(code_scores.problem for code_scores in scored if code_scores.problem)
    return "; ".join(problems) or "no run's codes were scored"


def _ordered_keys() -> list[str]:
    """Every score, those of the best-regarded metrics first."""
    first = [info.key for name in HEADLINE for info in METRICS[name].scores]
    return [*first, *(key for key in SCORES if key not in first)]
