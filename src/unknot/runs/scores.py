"""A trained run -> scores of its codes beside what is known of the images."""

import time
from dataclasses import replace
from typing import Any

import numpy as np

from unknot.common.errors import UserError
from unknot.common.progress import Progress
from unknot.data.image_set import ImageSet
from unknot.metrics.inputs import check_seed, make_table
from unknot.metrics.posterior import ACTIVE_VARIANCE, MIN_POINTS, active_units, marginal_kl
from unknot.metrics.registry import HEADLINE
from unknot.metrics.result import VOID, Score
from unknot.metrics.scoring import score_table
from unknot.metrics.settings import NullSettings
from unknot.runs.evaluation import CodeScores, Evaluation
from unknot.runs.held_out import HeldOutCodes
from unknot.runs.run import Run

FULL = NullSettings(permutations=100, rotations=100, subsamples=100, max_points=2_000)
"""What `unknot evaluate` does."""
QUICK = NullSettings(permutations=20, rotations=20, subsamples=0, max_points=1_000)
"""What a comparison does for each run, for its best-regarded metrics alone."""
MAX_LABELS = 12  # with more, a comparison leaves the nulls to `unknot evaluate`


def score_run(
    run: Run,
    images: ImageSet | None = None,
    *,
    nulls: NullSettings = FULL,
    null_metrics: tuple[str, ...] | None = None,
    max_labels: int | None = None,
    seed: int = 0,
    workers: int = 1,
    progress: Progress | None = None,
) -> CodeScores:
    """Score a run's codes and add the result to its `evaluation.json`.

    Args:
        run: trained.
        images: score the codes of these instead of the run's own test images.
        nulls: how many draws, on how many images.
        null_metrics: those that get nulls and intervals; all by default.
        max_labels: with more labels than this there are no nulls; no limit by default.
        seed: of all random choices.
        workers: processes; they change the time only.
        progress: called as `progress(what, done, total)`.

    Returns:
        What was added; its `problem` says why there are no scores, if there are none.

    Raises:
        UserError: if a setting does not fit, or scores would give way to none.
    """
    check_seed(seed)
    if workers < 1:
        raise UserError(f"workers is {workers}; it must be at least 1")
    began = time.perf_counter()
    codes = HeldOutCodes.load(run.files) if images is None else HeldOutCodes.of(run, images)
    scored = CodeScores(
        scores={},
        problem=None,
        num_images=len(codes.posterior_mean),
        source=None if images is None else str(images.info["source"]),
        nulls=nulls,
        seed=seed,
        active_latents=(),
        marginal_kl=None,
        seconds=0.0,
    )
    try:
        _check_number(len(codes.posterior_mean))
        active = np.flatnonzero(active_units(codes.posterior_mean))
        scored = replace(scored, active_latents=tuple(active.tolist()))
        scored = replace(scored, marginal_kl=_marginal_kl(codes, seed))
        scores = _scores(codes, nulls, null_metrics, max_labels, seed, workers, progress)
        scored = replace(scored, scores=scores)
    except UserError as error:
        scored = replace(scored, problem=str(error))
    scored = replace(scored, seconds=time.perf_counter() - began)
    _add_to_evaluation(run, scored)
    return scored


def score_run_quickly(run: Run) -> CodeScores:
    """Score a run as a comparison does: few draws, for the best-regarded metrics.

    Raises:
        UserError: if the run's files are damaged.
    """
    return score_run(run, nulls=QUICK, null_metrics=HEADLINE, max_labels=MAX_LABELS)


def score_summary(scored: CodeScores) -> str:
    """Put the two best-regarded scores in one line, or why there are none."""
    if not scored.scores:
        return f"not scored: {scored.problem or ''}"
    if not scored.active_latents:
        return "collapsed: no latent is active"
    parts = []
    for label, name in (("DCI", "dci_disentanglement"), ("InfoM", "infomec_modularity")):
        score = scored.scores.get(name)
        if score is None or np.isnan(score.value) or VOID in score.flags:
            parts.append(f"{label} void")
            continue
        null = score.null_rotation
        above = f" (above {null.percentile:.0f}% of random mixes of the latents)" if null else ""
        parts.append(f"{label} {score.value:.2f}{above}")
    return ", ".join(parts)


def _add_to_evaluation(run: Run, scored: CodeScores) -> None:
    """Add scores to what is there now, also of what another process has added meanwhile."""
    with run.files.scores_locked():
        _with_scores(run, Evaluation.load(run.files.evaluation), scored).save(run.files.evaluation)


def _with_scores(run: Run, evaluation: Evaluation, scored: CodeScores) -> Evaluation:
    if scored.source is not None:
        others = evaluation.scores_on_other_data | {scored.source: scored}
        return replace(evaluation, scores_on_other_data=others)
    if evaluation.scores and evaluation.scores.scores and not scored.scores:
        raise UserError(f"{run.folder}: {scored.problem}; the scores there are left as they are")
    return replace(evaluation, scores=scored)


def _check_number(num: int) -> None:
    if num < MIN_POINTS:
        raise UserError(
            f"{num} test images are too few for scores: {MIN_POINTS} are needed; use more of the "
            "images for testing (--split 60/20/20), or add some"
        )


def _marginal_kl(codes: HeldOutCodes, seed: int) -> dict[str, Any]:
    divergence = marginal_kl(codes.posterior_mean, codes.posterior_logvar, seed=seed)
    return {
        "total": divergence.total,
        "per_latent": divergence.per_latent.tolist(),
        "total_correlation": divergence.total_correlation,
    }


def _scores(
    codes: HeldOutCodes,
    nulls: NullSettings,
    null_metrics: tuple[str, ...] | None,
    max_labels: int | None,
    seed: int,
    workers: int,
    progress: Progress | None,
) -> dict[str, Score]:
    if not codes.label_names:
        raise UserError("the images have no labels, so there is nothing to score codes against")
    table = make_table(
        codes.posterior_mean,
        codes.labels,
        factor_names=codes.label_names,
        active_above=ACTIVE_VARIANCE**0.5,
        seed=seed,
    )
    if max_labels is not None and len(table.factors) > max_labels:
        nulls = replace(nulls, permutations=0, rotations=0, subsamples=0)
    return score_table(
        table,
        nulls=nulls,
        null_metrics=null_metrics,
        workers=workers,
        progress=progress,
    )
