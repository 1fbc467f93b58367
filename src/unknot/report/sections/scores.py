"""Scores of the codes: a chart of every run, and a table of the first with what 1 means."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

from unknot.metrics.registry import HEADLINE, METRICS, SCORES, metric_of
from unknot.metrics.scoring import Score
from unknot.report.chart_data import all_rounded, chart_run, rounded
from unknot.report.sections import NO_RUN, LeftOut, ReportContext
from unknot.report.text import MAX_RUNS, more_runs_text, run_title
from unknot.runs.evaluation import CodeScores
from unknot.runs.run import Run

NOT_SCORED = (
    "the runs were trained with --scores none; unknot evaluate EXPERIMENT scores them in full, and "
    "the command that trained them does it quickly with --scores quick"
)


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
    """Scores of all runs as a chart, and of the first as a table.

    Attributes:
        data: of the chart: `keys` of the scores, how many of them are `first` shown, and `runs`,
            each with its scores.
        has_intervals: whether a score has one.
        has_rotations: whether a score stands beside those of rotated codes.
        titles: of the runs, a column each.
        rows: the best-regarded scores first.
        others: how many runs are not in the table, in words.
    """

    data: Mapping[str, Any]
    has_intervals: bool
    has_rotations: bool
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
    data = score_data(context.runs)
    in_chart = [numbers for run in data["runs"] for numbers in run["scores"].values()]
    return ScoreTable(
        data=data,
        has_intervals=any("interval" in numbers for numbers in in_chart),
        has_rotations=any("rotated" in numbers for numbers in in_chart),
        titles=[run_title(run.config) for run in runs],
        rows=rows,
        others=more_runs_text(len(context.runs)),
    )


def score_data(runs: Sequence[Run]) -> dict[str, Any]:
    """Give the scores between 0 and 1 of every run, for the chart.

    Args:
        runs: that are finished; those without scores too, as the colors of betas hang on all runs.
    """
    remarks: dict[str, int] = {}
    evaluated = [(run, run.evaluation.scores) for run in runs]
    by_run = [(run, of_run.scores if of_run else {}) for run, of_run in evaluated]
    keys = [key for key in _bounded_keys() if any(key in of_run for _, of_run in by_run)]
    chart_runs = [
        chart_run(run)
        | {"scores": {key: _numbers(of_run[key], remarks) for key in keys if key in of_run}}
        for run, of_run in by_run
    ]
    first = sum(key in keys for key in _headline_keys())
    return {"keys": keys, "first": first, "runs": chart_runs, "remarks": list(remarks)}


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
    return "; ".join(problems) or NOT_SCORED


def _numbers(score: Score, remarks: dict[str, int]) -> dict[str, Any]:
    """What the chart shows of a score; each remark is named by its number in `remarks`."""
    numbers: dict[str, Any] = {"value": rounded(score.value)}
    if score.interval:
        numbers["interval"] = all_rounded(score.interval)
    if null := score.null_rotation:
        numbers["rotated"] = all_rounded((null.mean, null.std, null.percentile, null.observed))
        numbers["num"] = null.num_points
    numbers["remarks"] = [remarks.setdefault(flag, len(remarks)) for flag in score.flags]
    return numbers


def _headline_keys() -> list[str]:
    """The scores of the best-regarded metrics."""
    return [info.key for name in HEADLINE for info in METRICS[name].scores]


def _ordered_keys() -> list[str]:
    """Every score, those of the best-regarded metrics first."""
    first = _headline_keys()
    return [*first, *(key for key in SCORES if key not in first)]


def _bounded_keys() -> list[str]:
    return [key for key in _ordered_keys() if isfinite(metric_of(key).bounds[1])]
