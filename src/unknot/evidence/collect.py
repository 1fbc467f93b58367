"""The evidence of an experiment, collected from its runs, as in `evidence.json`."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.common.files import read_json
from unknot.common.progress import Progress
from unknot.config import ExperimentConfig
from unknot.data.image_set import ImageSet
from unknot.data.pca import cached_spectrum, pca_refits
from unknot.evidence.axes import AxisEvidence, RunAxes, axis_evidence
from unknot.evidence.beta_table import BetaEvidence, linear_probes, table_by_beta
from unknot.evidence.collapse import (
    MORE_EIGENVALUES,
    CollapsePrediction,
    ObservedCollapse,
    collapse_for,
)
from unknot.evidence.group_tests import Pca
from unknot.evidence.interaction_test import Decode
from unknot.evidence.label_effects import UsableLabels, read_labels
from unknot.evidence.preregistration import compare_with_plan
from unknot.evidence.rate_matching import RunPosteriors
from unknot.evidence.rotation_null import RotationNull, rotation_nulls
from unknot.evidence.run_evidence import (
    RunEvidence,
    evidence_of_runs,
    pixel_decoder,
    posteriors_of,
)
from unknot.evidence.verdict import Verdict, decide_verdict
from unknot.models.networks import NetworkBuilder
from unknot.runs.folder import ExperimentFolder
from unknot.runs.held_out import HeldOutCodes
from unknot.runs.inference import encode_images
from unknot.runs.run import Run
from unknot.training.untrained import build_untrained

FORMAT = 2  # of evidence.json


@dataclass(frozen=True, eq=False)
class Evidence:
    """The evidence of an experiment.

    Attributes:
        collapse: at which betas a linear model's latents collapse; None where that is not known.
        observed_vs_predicted: what training gave beside that prediction, for each run.
        plan_hash: of the plan that was written before the first step; None where there is none.
        exploratory: in what the experiment differs from that plan; empty if in nothing.
        betas: what the runs of each beta gave.
        verdict: whether a higher beta separated the latents; None where it cannot be decided.
        runs: what each latent does, by the run's name.
        axes: how special the latents are, by the run's name.
        runs_included: names of the runs that were finished.
        not_available: what is missing -> the reason.
    """

    collapse: CollapsePrediction | None
    observed_vs_predicted: list[ObservedCollapse]
    plan_hash: str | None
    exploratory: list[str]
    betas: list[BetaEvidence]
    verdict: Verdict | None
    runs: dict[str, RunEvidence]
    axes: dict[str, AxisEvidence]
    runs_included: list[str]
    not_available: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """The fields for a JSON document, with the linear model's predictions for the betas."""
        betas = [row.beta for row in self.betas]
        return {
            "format": FORMAT,
            "runs_included": self.runs_included,
            "verdict": self.verdict.as_dict() if self.verdict else None,
            "plan": {"sha256": self.plan_hash, "exploratory": self.exploratory},
            "not_available": self.not_available,
            "betas": [row.as_dict() for row in self.betas],
            "collapse": self.collapse.as_dict(betas) if self.collapse else None,
            "observed_vs_predicted": [row.as_dict() for row in self.observed_vs_predicted],
            "runs": {name: run.as_dict() for name, run in self.runs.items()},
            "axes": {name: run.as_dict() for name, run in self.axes.items()},
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "Evidence":
        """Read back what `as_dict` gave."""
        collapse, verdict = document["collapse"], document["verdict"]
        observed = document["observed_vs_predicted"]
        return cls(
            collapse=CollapsePrediction.from_dict(collapse) if collapse else None,
            observed_vs_predicted=[ObservedCollapse.from_dict(row) for row in observed],
            plan_hash=document["plan"]["sha256"],
            exploratory=document["plan"]["exploratory"],
            betas=[BetaEvidence.from_dict(row) for row in document["betas"]],
            verdict=Verdict.from_dict(verdict) if verdict else None,
            runs={name: RunEvidence.from_dict(run) for name, run in document["runs"].items()},
            axes={name: AxisEvidence.from_dict(run) for name, run in document["axes"].items()},
            runs_included=document["runs_included"],
            not_available=document["not_available"],
        )

    @classmethod
    def load(cls, path: Path) -> "Evidence | None":
        """Read `evidence.json`; None where there is none, or one of another version.

        Raises:
            UserError: if the file is damaged.
        """
        if not path.is_file():
            return None
        document = read_json(path)
        is_current = isinstance(document, dict) and document.get("format") == FORMAT
        return cls.from_dict(document) if is_current else None


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
        images: it was trained on.
        runs: that are finished.
        networks: the builder of a user's own pair, if they were trained with one.
        progress: called as `progress("evidence", done, total)` after each run, then likewise with
            "tests of latents".

    Raises:
        UserError: if the folder is damaged.
    """
    prediction, no_prediction = collapse_for(config, images)
    own_runs, missing_runs = _runs_of_these_images(config, runs, images)
    codes = [HeldOutCodes.load(run.files) for run in own_runs]
    labels, unusable = _usable_labels(codes)
    run_evidence, not_found = evidence_of_runs(own_runs, codes, images, progress=progress)
    posteriors = [posteriors_of(run, held_out) for run, held_out in zip(own_runs, codes)]
    pca = _pca_refits(config, images, len(own_runs))
    verdict, no_verdict = _verdict(posteriors, labels, pca)
    axes = axis_evidence(_run_axes(own_runs, codes), images, progress=progress)
    untrained, no_untrained = _untrained_codes(own_runs, images, networks)
    plan_hash, deviations = compare_with_plan(config, folder, images)
    reasons = {"collapse": no_prediction, "verdict": no_verdict, "untrained": no_untrained}
    not_available = {what: reason for what, reason in reasons.items() if reason}
    return Evidence(
        collapse=prediction,
        observed_vs_predicted=_observed_vs_predicted(own_runs, prediction),
        plan_hash=plan_hash,
        exploratory=[*deviations, *_absence(len(own_runs), len(config.runs()))],
        betas=table_by_beta(
            posteriors,
            rotation_nulls=_rotation_nulls(posteriors, labels, verdict),
            linear_probes=linear_probes(posteriors, labels) if labels.factors else None,
            jacobian_cosines=[run.jacobian_cosine for run in run_evidence],
            pca=pca,
            untrained=untrained,
        ),
        verdict=verdict,
        runs={run.name: evidence for run, evidence in zip(own_runs, run_evidence)},
        axes={run.name: run_axes for run, run_axes in zip(own_runs, axes)},
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


def _run_axes(runs: Sequence[Run], codes: Sequence[HeldOutCodes]) -> list[RunAxes]:
    return [
        RunAxes(beta=run.config.beta, seed=run.config.seed, codes=held_out, decode=_decoder(run))
        for run, held_out in zip(runs, codes)
    ]


def _decoder(run: Run) -> Decode | str:
    """Open a run's decoder, or say why not: a user's own network whose builder is not given."""
    try:
        return pixel_decoder(run.model)
    except UserError as error:
        return str(error)


def _absence(num_runs: int, num_planned: int) -> list[str]:
    absent = num_planned - num_runs
    return [f"{absent} of {num_planned} runs are missing"] if absent else []


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


def _verdict(
    runs: Sequence[RunPosteriors], labels: UsableLabels, pca: Pca | None
) -> tuple[Verdict | None, str]:
    if pca is None:
        return None, "no run is finished"
    try:
        return decide_verdict(runs, labels, pca), ""
    except UserError as error:
        return None, str(error)


def _rotation_nulls(
    runs: Sequence[RunPosteriors], labels: UsableLabels, verdict: Verdict | None
) -> Sequence[RotationNull] | None:
    """Those of the verdict, or computed by themselves where there is none."""
    if verdict:
        return verdict.rotation_nulls
    return rotation_nulls(runs, labels) if labels.factors else None


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
