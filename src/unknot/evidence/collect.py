"""The evidence of an experiment, collected from its runs."""

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.common.machine import num_cores
from unknot.common.progress import Progress
from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import BETA_VAE
from unknot.config.run import beta_text
from unknot.data.image_set import ImageSet
from unknot.data.pca import cached_spectrum, pca_refits
from unknot.evidence.answers import YES, Answer, Commands
from unknot.evidence.answers.axes import answer_axes
from unknot.evidence.answers.beta import Asked, answer_beta
from unknot.evidence.answers.latents import answer_latents
from unknot.evidence.answers.which_beta import answer_which_beta, is_separated
from unknot.evidence.axes import INTERACTION, AxisEvidence, axis_evidence
from unknot.evidence.beta_choice import BetaChoice, RunCost, choose_beta
from unknot.evidence.beta_table import Pca, linear_probes, table_by_beta
from unknot.evidence.collapse import (
    MORE_EIGENVALUES,
    CollapsePrediction,
    ObservedCollapse,
    collapse_for,
)
from unknot.evidence.computed_labels import ComputedLabels
from unknot.evidence.evidence import Evidence
from unknot.evidence.label_effects import UsableLabels, read_labels
from unknot.evidence.objective_rows import compare_objectives, merge_rows
from unknot.evidence.preregistration import RULE, compare_with_plan, level_of_look
from unknot.evidence.rate_matching import RunPosteriors
from unknot.evidence.rotation_null import AxisScore, axis_scores, spaced_rows, thin_out
from unknot.evidence.run_evidence import (
    RunEvidence,
    evidence_of_runs,
    posteriors_of,
)
from unknot.evidence.single_run import pixel_properties, run_axes
from unknot.evidence.verdict import Verdict, decide_verdict
from unknot.models.networks import NetworkBuilder
from unknot.models.objectives import objective_type
from unknot.runs.experiment_folder import ExperimentFolder
from unknot.runs.held_out import HeldOutCodes
from unknot.runs.inference import encode_images
from unknot.runs.run import Run
from unknot.training.untrained import build_untrained

SCORES = "scores"
"""What is not available of runs that were not scored."""


def collect_evidence(
    config: ExperimentConfig,
    folder: ExperimentFolder,
    images: ImageSet,
    runs: Sequence[Run],
    *,
    networks: NetworkBuilder | None = None,
    progress: Progress | None = None,
) -> Evidence:
    """Collect everything that can be said of an experiment from its runs.

    Args:
        config: its description.
        folder: it lies in, with its plan.
        images: it was trained on. Labels that they did not have then make it exploratory.
        runs: that are finished.
        networks: the builder of a user's own pair, if they were trained with one.
        progress: called as `progress("evidence", done, total)` before the first and after each run,
            then likewise with "tests of latents".

    Raises:
        UserError: if the folder is damaged.
    """
    plan = compare_with_plan(config, folder, images)
    data = folder.read_environment()["data"]
    commands = Commands(folder=str(folder.path), has_source=bool(data["repeatable"]))
    if not config.objectives:
        return _evidence_of_row(config, images, runs, plan, commands, networks, progress)
    strengths = {
        row.training.objective: [beta_text(beta) for beta in row.betas] for row in config.rows()
    }
    strengths.pop(BETA_VAE, None)
    rows: dict[str, Evidence] = {}
    for row in config.rows():
        objective = row.training.objective
        rows[objective] = _evidence_of_row(
            row,
            images,
            [run for run in runs if run.config.training.objective == objective],
            plan,
            replace(commands, objective=objective, strengths=strengths),
            networks,
            progress and partial(_of_objective, progress, objective),
        )
    return merge_rows(rows, [run.name for run in runs], compare_objectives(rows, runs), commands)


def _of_objective(progress: Progress, objective: str, what: str, done: int, total: int) -> None:
    """Tell of which objective a step of progress is."""
    progress(f"{what} of {objective}", done, total)


def _evidence_of_row(
    config: ExperimentConfig,
    images: ImageSet,
    runs: Sequence[Run],
    plan: tuple[str | None, list[str]],
    commands: Commands,
    networks: NetworkBuilder | None,
    progress: Progress | None,
) -> Evidence:
    """Collect everything that can be said of the runs of one objective."""
    if progress:
        progress("evidence", 0, len(runs))
    prediction, no_prediction = collapse_for(config, images)
    own_runs, missing_runs = _runs_of_these_images(config, runs, images)
    codes = [HeldOutCodes.load(run.files).with_labels_of(images) for run in own_runs]
    labels, unusable = _usable_labels(codes)
    properties = pixel_properties(images) if config.computed_labels else None
    computed = properties if isinstance(properties, ComputedLabels) else None
    run_evidence, not_found = evidence_of_runs(own_runs, codes, images, computed, progress=progress)
    by_name = {run.name: evidence for run, evidence in zip(own_runs, run_evidence)}
    posteriors = [posteriors_of(run, held_out) for run, held_out in zip(own_runs, codes)]
    tested = axis_evidence(
        [run_axes(run, held_out) for run, held_out in zip(own_runs, codes)],
        properties,
        progress=progress,
    )
    axes = {run.name: run_axes for run, run_axes in zip(own_runs, tested)}
    as_trained = _axis_scores(posteriors, labels)
    plan_hash, deviations = plan
    exploratory = [*deviations, *_absence(len(own_runs), len(config.runs()))]
    verdict, no_verdict = _verdict(config, posteriors, labels, tested, as_trained)
    choice = _choice(config, own_runs, by_name, axes, prediction)
    asked = Asked(
        verdict=verdict,
        no_verdict=no_verdict,
        exploratory=exploratory,
        seeds=config.seeds,
        looks=config.looks,
        budget=config.budget,
        commands=commands,
    )
    untrained, no_untrained = _untrained_codes(own_runs, images, networks)
    reasons = {
        "collapse": no_prediction,
        "verdict": no_verdict,
        "untrained": no_untrained,
        SCORES: _not_scored(own_runs),
    }
    if isinstance(properties, str):
        reasons["computed labels"] = properties
    not_available = {what: reason for what, reason in reasons.items() if reason}
    return Evidence(
        collapse=prediction,
        observed_vs_predicted=_observed_vs_predicted(own_runs, prediction),
        plan_hash=plan_hash,
        exploratory=exploratory,
        betas=table_by_beta(
            posteriors,
            axis_scores=as_trained,
            linear_probes=linear_probes(posteriors, labels, workers=num_cores())
            if labels.factors
            else None,
            jacobian_cosines=[run.jacobian_cosine for run in run_evidence],
            pca=_pca_refits(config, images, len(own_runs)),
            untrained=untrained,
        ),
        answers=_answers(asked, by_name, axes, choice, config.training.objective),
        verdict=verdict,
        which_beta=choice,
        runs=by_name,
        axes=axes,
        runs_included=[run.name for run in runs],
        not_available=missing_runs | unusable | not_found | not_available,
    )


def _runs_of_these_images(
    config: ExperimentConfig, runs: Sequence[Run], images: ImageSet
) -> tuple[list[Run], dict[str, str]]:
    """Runs that were trained on these images, and why each other run is missing."""
    finished = {run.name for run in runs}
    missing = {run.name: "not finished" for run in config.runs() if run.name not in finished}
    own_runs = []
    for run in runs:
        if run.files.read_images().fingerprint == images.fingerprint:
            own_runs.append(run)
        else:
            missing[run.name] = "trained on other images; left out"
    return own_runs, missing


def _absence(num_runs: int, num_planned: int) -> list[str]:
    absent = num_planned - num_runs
    return [f"{absent} of {num_planned} runs are missing"] if absent else []


def _not_scored(runs: Sequence[Run]) -> str:
    """Say that the codes of some runs were not scored, and what does it; empty if all were."""
    num = sum(run.evaluation.scores is None for run in runs)
    if not num:
        return ""
    return (
        f"{num:,} of {len(runs):,} runs were trained with --scores none; unknot evaluate "
        "EXPERIMENT scores them, or the same command with --scores quick"
    )


def _observed_vs_predicted(
    runs: Sequence[Run], prediction: CollapsePrediction | None
) -> list[ObservedCollapse]:
    rows = []
    for run in runs:
        evaluation = run.evaluation
        if prediction and evaluation.scores and run.config.beta > 0:
            row = prediction.compare_with_observed(
                beta=run.config.beta,
                seed=run.config.seed,
                active=len(evaluation.scores.active_latents),
                rate=evaluation.test.rate,
            )
            rows.append(row)
    return rows


def _usable_labels(codes: Sequence[HeldOutCodes]) -> tuple[UsableLabels, dict[str, str]]:
    """Labels of the test images, which are the same for every run, and what is missing of them."""
    if not codes:
        return UsableLabels((), {}), {}
    labels = read_labels(codes[0].labels, codes[0].label_names)
    reasons = {}
    if labels.excluded_labels:
        excluded = (f"{name} {reason}" for name, reason in labels.excluded_labels.items())
        reasons["excluded labels"] = "; ".join(excluded)
    if not labels.factors:
        reasons["selectivity"] = "the images have no label that can be tested"
    return labels, reasons


def _pca_refits(config: ExperimentConfig, images: ImageSet, num_refits: int) -> Pca | None:
    """A refit of PCA for every run; None without runs."""
    if not num_refits:
        return None
    latent_dim, standardize = config.model.latent_dim, config.model.standardize
    refits = pca_refits(
        images,
        cached_spectrum(images, latent_dim + MORE_EIGENVALUES, standardize=standardize),
        images.indices("test"),
        num_refits,
        latent_dim,
        standardize=standardize,
    )
    return lambda i, num: refits[i][:, :num]


def _axis_scores(runs: Sequence[RunPosteriors], labels: UsableLabels) -> list[AxisScore] | None:
    """How far the axes of every run stand above rotations, as trained; None without labels."""
    if not labels.factors:
        return None
    rows = spaced_rows(len(runs[0].mean), RULE.points)
    thinned, factors = thin_out(runs, labels.factors, rows)
    codes = [run.codes for run in thinned]
    return axis_scores(codes, factors, rotations=RULE.rotations, workers=num_cores())


def _verdict(
    config: ExperimentConfig,
    runs: Sequence[RunPosteriors],
    labels: UsableLabels,
    axes: Sequence[AxisEvidence],
    as_trained: Sequence[AxisScore] | None,
) -> tuple[Verdict | None, str]:
    if not runs:
        return None, "no run is finished"
    objective = config.training.objective
    if objective_type(objective).larger_beta_is_weaker:
        return None, (
            f"with the objective {objective} a larger beta lets more of an image through, and "
            "this question is about more pressure, not less"
        )
    level = level_of_look(config.looks, len(config.betas), len(config.seeds))
    interactions = [run.tests.get(INTERACTION) for run in axes]
    try:
        verdict = decide_verdict(
            runs,
            labels,
            interactions,
            as_trained=as_trained,
            level=level,
            workers=num_cores(),
        )
    except UserError as error:
        return None, str(error)
    return verdict, ""


def _choice(
    config: ExperimentConfig,
    runs: Sequence[Run],
    evidence: dict[str, RunEvidence],
    axes: dict[str, AxisEvidence],
    prediction: CollapsePrediction | None,
) -> BetaChoice | None:
    """Which beta to take, and what it costs."""
    costs = [
        RunCost(
            beta=run.config.beta,
            distortion=run.evaluation.test.distortion,
            explained=evidence[run.name].explained,
            active=len(posteriors_of(run, HeldOutCodes.load(run.files)).active),
        )
        for run in runs
    ]
    collapse_betas = prediction.collapse_betas.tolist() if prediction else []
    return choose_beta(
        list(axes.values()),
        costs,
        is_separated=is_separated(axes),
        highest_beta=collapse_betas[1] if len(collapse_betas) > 1 else None,
        suggested_betas=prediction.suggested_betas if prediction else (),
        larger_is_weaker=objective_type(config.training.objective).larger_beta_is_weaker,
    )


def _answers(
    asked: Asked,
    runs: dict[str, RunEvidence],
    axes: dict[str, AxisEvidence],
    choice: BetaChoice | None,
    objective: str,
) -> list[Answer]:
    """Answer the four questions, in their order."""
    beta = answer_beta(asked, axes)
    supported = asked.verdict.decision.betas if asked.verdict and beta.answer == YES else ()
    answers = [
        answer_latents(runs, choice.beta if choice else None),
        answer_axes(axes),
        beta,
        answer_which_beta(choice, axes, beta, supported, asked.commands),
    ]
    return answers if objective == BETA_VAE else [answer.of_strength() for answer in answers]


def _untrained_codes(
    runs: Sequence[Run], images: ImageSet, networks: NetworkBuilder | None
) -> tuple[list[NDArray[np.float32]] | None, str]:
    """Codes of every run's network before its first step; those of a seed are the same."""
    by_seed: dict[int, NDArray[np.float32]] = {}
    rows = images.indices("test")
    try:
        for run in runs:
            if run.config.seed not in by_seed:
                model = build_untrained(run.config, images, networks)
                by_seed[run.config.seed] = encode_images(model, images.images, rows).mean.numpy()
    except UserError as error:
        return None, str(error)
    return [by_seed[run.config.seed] for run in runs], ""
