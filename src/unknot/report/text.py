"""What came of an experiment, in plain words: its evidence, its runs and their scores."""

from collections.abc import Mapping, Sequence
from math import isfinite

import numpy as np

from unknot.config.parts import BETA_VAE
from unknot.config.run import RunConfig, setting_text
from unknot.evidence.answers import AXES, QUESTIONS, counted, p_text
from unknot.evidence.axes import LEVEL
from unknot.evidence.beta_table import BetaEvidence
from unknot.evidence.collapse import CollapsePrediction
from unknot.evidence.evidence import Evidence
from unknot.evidence.objective_comparison import MatchedRate
from unknot.evidence.rotation_test import RotationTest
from unknot.evidence.single_run import SingleRunEvidence
from unknot.metrics.result import Null
from unknot.metrics.scoring import Score
from unknot.models.beta_scales import BetaScales
from unknot.models.objectives import objective_type
from unknot.report.latent_text import latents_text
from unknot.report.measures import MEASURES, matched_cell
from unknot.report.reasons import reason_lines, strength_word
from unknot.runs.run import Run
from unknot.runs.scores import score_summary
from unknot.training.logbook import scales_of

MAX_RUNS = 8
"""Runs whose latents and scores are in the page."""
MAX_TITLES = 40
"""Runs that are named one by one."""

BETA_COLUMNS = {
    "beta": "",
    "seeds": "",
    "rate": "how much the latents say of an image, in nats",
    "active": "how many latents are in use",
    "selectivity": "how much better the best latent tells a label than the second best does, "
    "averaged over the labels",
    "rotation percentile": "share of random mixes (rotations) of the latents that are less "
    "selective than the latents themselves",
    "linear probe": "how well all latents together tell the labels, from 0 to 1",
    "Jacobian cosine": "how alike the changes are that two latents make in the image, 0 where no "
    "two change the same",
    "UDR": "do models of different seeds find the same latents? 1 where they do; the two columns "
    "beside it give it for PCA and for networks before training",
    "UDR of PCA": "",
    "UDR untrained": "",
}
"""Columns of the table over betas, and what is not plain in their names."""


def evidence_text(evidence: Evidence) -> str:
    """Answer everything that was asked of an experiment."""
    meanings = [f"{name}: {meaning}" for name, meaning in BETA_COLUMNS.items() if meaning]
    parts = [answers_text(evidence)]
    reasons = reason_lines(evidence)
    if reasons:
        parts.append(
            "\n".join(
                [f"how the {strength_word(evidence)}s were compared:", *(f"- {x}" for x in reasons)]
            )
        )
    matched = matched_rate_table(evidence.matched_rate) if evidence.matched_rate else ""
    parts += [matched] if matched else []
    parts += [betas_table(evidence), "\n".join(meanings), _first_seeds(evidence)]
    gaps = [
        f"- {what}: {why}"
        for what, why in evidence.not_available.items()
        if what.split(": ")[-1] != "verdict"  # said by the answer about beta
    ]
    if gaps:
        parts.append("\n".join(["what is missing:", *gaps]))
    return "\n\n".join(parts)


def run_evidence_text(evidence: SingleRunEvidence) -> str:
    """Answer what can be asked of one run alone."""
    parts = [str(evidence), latents_text(evidence.name, evidence.run)]
    gaps = [f"- {what}: {why}" for what, why in evidence.not_available.items()]
    if gaps:
        parts.append("\n".join(["what is missing:", *gaps]))
    return "\n\n".join(parts)


def answers_text(evidence: Evidence) -> str:
    """Answer the four questions, each with what to do next."""
    return f"{evidence}\n{plan_text(evidence)}"


def _answers_by_plan(evidence: Evidence) -> str:
    """Name the answers that rest on the plan."""
    if evidence.rows:
        return "the answers about the objectives and their strengths"
    return "the answer about beta"


def plan_text(evidence: Evidence) -> str:
    """Say that all went as planned, or what did not."""
    if evidence.exploratory:
        return (
            "Not everything is as it was planned before the first step "
            f"({'; '.join(evidence.exploratory)}), so take {_answers_by_plan(evidence)} "
            "as a hint."
        )
    plan_hash = (evidence.plan_hash or "")[:12]
    return f"As planned before the first step (plan.json, {plan_hash})."


def betas_table(evidence: Evidence) -> str:
    """Lay out a line for every beta or other strength: means over its seeds."""
    of_each = evidence.rows or {BETA_VAE: evidence}
    heads = [strength_word(evidence), *list(BETA_COLUMNS)[1:]]
    cells = [beta_cells(beta, name) for name, row in of_each.items() for beta in row.betas]
    return _columns([heads, *cells])


def matched_rate_table(matched: MatchedRate) -> str:
    """Lay out a line for every objective at the same rate; empty where they share none."""
    if matched.rate is None:
        return ""
    heads = ["objective", *(MEASURES[measure].head for measure in matched.measures)]
    rows = [
        [name, *(matched_cell(matched.value(measure, name)) for measure in matched.measures)]
        for name in matched.objectives
    ]
    num = counted(len(matched.seeds), "seed")
    intervals = ", with 95% intervals of the mean over seeds" if len(matched.seeds) > 1 else ""
    return (
        f"all objectives at {matched.rate:.2f} nats an image, {num} of each{intervals}:\n"
        f"{_columns([heads, *rows])}"
    )


def _columns(rows: Sequence[Sequence[str]]) -> str:
    """Lay cells out in columns."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    return "\n".join(
        "  ".join(cell.rjust(width) for cell, width in zip(row, widths)) for row in rows
    )


def beta_cells(beta: BetaEvidence, objective: str = BETA_VAE) -> list[str]:
    """Give the cells of one beta or other strength, one for each of `BETA_COLUMNS`."""
    udr = beta.udr
    interval = f" ({udr.interval[0]:.2f} to {udr.interval[1]:.2f})" if udr.interval else ""
    return [
        setting_text(objective, beta.beta).removeprefix("beta "),
        str(len(beta.seeds)),
        _mean(beta.rate, "{:.2f}"),
        _mean(beta.active, "{:.1f}"),
        _mean(beta.selectivity, "{:.3f}"),
        _mean(beta.rotation_percentile, "{:.0f}%"),
        _mean(beta.linear_probe, "{:.2f}"),
        _mean(beta.jacobian_cosine, "{:.2f}"),
        _mean([udr.value], "{:.2f}") + interval,
        _mean([udr.pca], "{:.2f}"),
        _mean([udr.untrained], "{:.2f}"),
    ]


def _mean(values: Sequence[float | None], style: str) -> str:
    known = [value for value in values if value is not None and isfinite(value)]
    return style.format(np.mean(known)) if known else "-"


def _first_seeds(evidence: Evidence) -> str:
    """What each latent does, for the first seed of every beta or strength of each objective."""
    parts = []
    for row in (evidence.rows or {"": evidence}).values():
        by_seed = sorted(row.runs.items(), key=lambda item: -item[1].seed)
        first = {run.beta: (name, run) for name, run in by_seed}  # the lowest seed stays
        parts += [latents_text(*first[beta]) for beta in sorted(first)]
    more = len(evidence.runs) - len(parts)
    return "\n\n".join(parts) + (
        f"\n\n({more} more {'run' if more == 1 else 'runs'} in evidence.json)" if more else ""
    )


def collapse_text(prediction: CollapsePrediction, betas: Sequence[float]) -> str:
    """Say what the linear model does at betas, for a terminal.

    Args:
        prediction: from the images.
        betas: that are meant to be trained.
    """
    lines = [
        f"What a linear model with {prediction.latent_dim} latents would do, computed from "
        f"{prediction.num_images:,} training images",
        "(a rough guide: in a convolutional model latents may collapse earlier or later):",
        "",
        "latent   collapses at beta",
        *(f"{i + 1:6}   {beta:.4g}" for i, beta in enumerate(prediction.collapse_betas)),
        "",
        "  beta   active latents    rate   distortion",
    ]
    for beta in sorted({*betas, *prediction.suggested_betas}):
        linear = prediction.predict(beta)
        mark = "" if beta in betas else "   suggested"
        lines.append(
            f"{beta:6g}   {linear.active:14}  {linear.rate:6.2f}   {linear.distortion:10,.1f}{mark}"
        )
    suggested = " ".join(f"{beta:g}" for beta in prediction.suggested_betas)
    warning = (
        prediction.warning(betas)
        or "your betas come near those at which latents collapse, so they can matter"
    )
    lines += [
        "",
        "rate and distortion in nats per image",
        warning,
        f"suggested: --betas {suggested}",
    ]
    return "\n".join(lines)


def run_title(config: RunConfig) -> str:
    """Name a run by its beta, or its objective and strength, and its seed."""
    return f"{config.setting}, seed {config.seed}"


def counted_titles(titles: Sequence[str]) -> str:
    """Name runs by their titles, or count them where nobody would read so many."""
    return "; ".join(titles) if len(titles) <= MAX_TITLES else f"{len(titles):,} runs"


def more_runs_text(num_runs: int) -> str:
    """Say that some runs are not shown; an empty string where all are."""
    if num_runs <= MAX_RUNS:
        return ""
    return (
        f"The first {MAX_RUNS} of {num_runs} runs; the others are in evidence.json and in their "
        "evaluation.json."
    )


def scales_text(scales: BetaScales) -> str:
    """Put one beta on the scales that others use."""
    effective = scales.beta_eff
    first = "beta_eff moves with sigma" if effective is None else f"beta_eff {effective:.4g}"
    return f"{first}, beta_norm {scales.beta_norm:.3g}"


def run_scales(run: Run) -> BetaScales:
    """Put a run's beta on the scales that others use."""
    return scales_of(run.config, run.image_shape)


def run_scales_text(run: Run) -> str:
    """Put a run's beta on other scales; an empty string where it is not the weight of the rate."""
    if not objective_type(run.config.training.objective).collapses_by_beta:
        return ""
    return scales_text(run_scales(run))


def run_line(run: Run) -> str:
    """Sum a finished run up in a line, and its scores in another."""
    evaluation = run.evaluation
    test = evaluation.test
    line = (
        f"{run.config.setting:>10}  seed {run.config.seed}  "
        f"distortion {test.distortion:8.1f}  rate {test.rate:6.2f}  "
        f"sum {test.distortion + test.rate:8.1f}"
    )
    scales = run_scales_text(run)
    line += f"  ({scales})" if scales else ""
    return line + (f"\n  {score_summary(evaluation.scores)}" if evaluation.scores else "")


def scores_table(scores: Mapping[str, Score]) -> str:
    """Lay scores out as a table for a terminal, and below it what is to be known of them.

    Args:
        scores: by key.
    """
    lines = [f"{'score':24}{'value':>9}  {'95% interval':14}  {'rotated codes':29}permuted labels"]
    flags: dict[str, list[str]] = {}
    for key, score in scores.items():
        lines.append(_score_line(key, score))
        for flag in score.flags:
            flags.setdefault(flag, []).append(key)
    if any(score.null_rotation for score in scores.values()):
        lines += [
            "",
            "rotated codes: what random mixes of the latents score",
            "permuted labels: what is scored with shuffled labels",
            "each as the score of the images that were drawn for it: mean ± standard deviation "
            "(share of the draws below that score)",
        ]
    for flag, keys in flags.items():
        lines.append(f"- {flag}" + ("" if len(keys) == len(scores) else f": {', '.join(keys)}"))
    return "\n".join(lines)


def axes_text(test: RotationTest) -> str:
    """Say whether single latents of any codes tell their factors as no random mix of them does."""
    question = QUESTIONS[AXES]
    if test.void:
        return f"{question} Cannot tell: {test.void}."
    num_better = round(test.p_value * (1 + test.rotations)) - 1
    mixes = f"{num_better:,} of {test.rotations:,} random mixes tell"
    if not num_better:
        mixes = f"no random mix of {test.rotations:,} tells"
    elif num_better == 1:
        mixes = f"1 of {test.rotations:,} random mixes tells"
    answer = "Yes" if test.p_value <= LEVEL else "No sign of it"
    return f"{question} {answer}: {mixes} the factors as selectively ({p_text(test.p_value)})."


def _score_line(key: str, score: Score) -> str:
    is_unbounded = any(flag.startswith("unbounded") for flag in score.flags)
    gap = "unbounded" if is_unbounded else "void"
    value = f"{score.value:.3f}" if isfinite(score.value) else gap
    ends = score.interval
    interval = f"{ends[0]:.3f} to {ends[1]:.3f}" if ends else "-"
    rotated, permuted = _null_text(score.null_rotation), _null_text(score.null_permutation)
    return f"{key:24}{value:>9}  {interval:14}  {rotated:29}{permuted}".rstrip()


def _null_text(null: Null | None) -> str:
    if null is None:
        return "-"
    return f"{null.observed:.3f}: {null.mean:.3f} ± {null.std:.3f} ({null.percentile:.0f}%)"
