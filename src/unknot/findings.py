"""What an experiment's evidence says, from its folder, its images and its runs."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from unknot.config import ExperimentConfig
from unknot.data.folder import TOP_FOLDER
from unknot.data.image_set import ImageSet
from unknot.describe import num_cores
from unknot.errors import UserError
from unknot.evaluation import HeldOut, held_out
from unknot.evidence.betas import BetaEvidence, beside_each_other
from unknot.evidence.guide import MORE, Guide
from unknot.evidence.labels import LatentLabels, label_latents
from unknot.evidence.matching import RunCodes
from unknot.evidence.movement import Movement, movements
from unknot.evidence.plan import deviations
from unknot.evidence.position import Position
from unknot.evidence.spectrum import kept_spectrum, pca_refits
from unknot.evidence.verdict import Pca, Verdict, judge, positions_of
from unknot.files import read_json
from unknot.measure.association import Labels, probe, read_labels
from unknot.measure.posterior import ACTIVE_VARIANCE
from unknot.model.networks import NetworkBuilder
from unknot.planning import ENVIRONMENT, PLAN, guide_for, plan_of
from unknot.training.build import build_model
from unknot.training.evaluate import encode_images
from unknot.training.run import IMAGES, Run

FORMAT = 1  # of evidence.json
FEW_RUNS = 4  # up to so many, starting processes takes longer than it saves
Progress = Callable[[str, int, int], None]


@dataclass(frozen=True, eq=False)
class RunEvidence:
    """What each latent of one run does.

    Attributes:
        beta: of the run.
        seed: of the run.
        labels: what they tell of labels; None where there are none to tell.
        movement: what moving them changes; None where the model cannot be opened.
    """

    beta: float
    seed: int
    labels: LatentLabels | None
    movement: Movement | None

    def as_dict(self) -> dict[str, Any]:
        """For a JSON document."""
        return {
            "beta": self.beta,
            "seed": self.seed,
            "labels": self.labels.as_dict() if self.labels else None,
            "movement": self.movement.as_dict() if self.movement else None,
        }


@dataclass(frozen=True, eq=False)
class Evidence:
    """What an experiment says.

    Attributes:
        guide: what a linear model predicts; None where there is no such model.
        observed: what came of training beside it.
        planned: hash of the plan that was written before the first step.
        exploratory: in what the experiment differs from that plan; empty if in nothing.
        betas: what was measured of the runs of each beta.
        verdict: whether a higher beta separated the latents; None where it cannot be asked.
        runs: what each latent does, by the run's name.
        finished: names of the runs that were there.
        gaps: what is missing, and why.
    """

    guide: Guide | None
    observed: list[dict[str, Any]]
    planned: str | None
    exploratory: list[str]
    betas: list[BetaEvidence]
    verdict: Verdict | None
    runs: dict[str, RunEvidence]
    finished: list[str]
    gaps: dict[str, str] = field(default_factory=dict)

    def as_dict(self) -> dict[str, Any]:
        """For a JSON document."""
        betas = [one.beta for one in self.betas]
        return {
            "format": FORMAT,
            "of": self.finished,
            "verdict": self.verdict.as_dict() if self.verdict else None,
            "plan": {"sha256": self.planned, "exploratory": self.exploratory},
            "gaps": self.gaps,
            "betas": [one.as_dict() for one in self.betas],
            "guide": self.guide.as_dict(betas) if self.guide else None,
            "observed": self.observed,
            "runs": {name: one.as_dict() for name, one in self.runs.items()},
        }


def gather_evidence(
    config: ExperimentConfig,
    folder: Path,
    images: ImageSet,
    runs: Sequence[Run],
    *,
    networks: NetworkBuilder | None = None,
    progress: Progress | None = None,
) -> Evidence:
    """Ask everything that can be asked of an experiment.

    Args:
        config: its description.
        folder: it lies in, with its plan.
        images: it was trained on.
        runs: that are finished.
        networks: the builder of a user's own pair, if they were trained with one.
        progress: called as `progress("weighing", done, total)` after each run.

    Raises:
        UserError: if the folder is damaged.
    """
    gaps: dict[str, str] = {}
    predicted, gap = guide_for(config, images)
    if predicted is None:
        gaps["guide"] = gap
    finished = [run.folder.name for run in runs]
    runs = _of_these_images(config, runs, images, gaps)
    held = [held_out(run) for run in runs]
    codes = [
        RunCodes(run.config.beta, run.config.seed, one.posterior_mean, one.posterior_logvar)
        for run, one in zip(runs, held)
    ]
    labels = _labels(held, gaps)
    folders = tuple(name or TOP_FOLDER for name in images.labels.group_names)
    told = _label_all(held, folders, gaps, progress)
    moved = [_moved(run, one, gaps) for run, one in zip(runs, codes)]
    pca = _pca(config, images, len(runs)) if runs else None
    verdict = _verdict(codes, labels, pca, gaps)
    positions = _positions(codes, labels, verdict)
    betas = beside_each_other(
        codes,
        positions,
        _probes(codes, labels) if labels.factors else None,
        [one.cosine if one else float("nan") for one in moved],
        pca,
        _untrained(runs, images, networks, gaps),
    )
    return Evidence(
        guide=predicted,
        observed=predicted.beside(_observed(runs)) if predicted else [],
        **_planned(config, folder, images, len(runs)),
        betas=betas,
        verdict=verdict,
        runs={
            run.folder.name: RunEvidence(run.config.beta, run.config.seed, label, movement)
            for run, label, movement in zip(runs, told, moved)
        },
        finished=finished,
        gaps=gaps,
    )


def _of_these_images(
    config: ExperimentConfig, runs: Sequence[Run], images: ImageSet, gaps: dict[str, str]
) -> list[Run]:
    """Runs that were trained on these images; the others, and those that are missing, are gaps."""
    finished = {run.folder.name for run in runs}
    gaps |= {run.name: "not finished" for run in config.runs() if run.name not in finished}
    own = []
    for run in runs:
        if read_json(run.folder / IMAGES)["fingerprint"] == images.fingerprint:
            own.append(run)
        else:
            gaps[run.folder.name] = "trained on other images; left out"
    return own


def _observed(runs: Sequence[Run]) -> list[tuple[float, int, int, float]]:
    return [
        (run.config.beta, run.config.seed, len(measured["active_latents"]), test["rate"])
        for run in runs
        for measured, test in [(run.evaluation.get("measured"), run.evaluation["test"])]
        if measured
    ]


def _planned(
    config: ExperimentConfig, folder: Path, images: ImageSet, num_used: int
) -> dict[str, Any]:
    """The plan's hash, and in what the experiment as it stands differs from the plan."""
    signed = read_json(folder / PLAN) if (folder / PLAN).is_file() else None
    noted = read_json(folder / ENVIRONMENT).get("plan_sha256")
    found = deviations(signed, noted, plan_of(config, images))
    if num_used < len(config.runs()):
        found.append(f"{len(config.runs()) - num_used} of {len(config.runs())} runs are missing")
    return {
        "planned": signed.get("sha256") if isinstance(signed, dict) else None,
        "exploratory": found,
    }


def _labels(held: Sequence[HeldOut], gaps: dict[str, str]) -> Labels:
    """The labels of the test images, which are the same for every run."""
    labels = read_labels(held[0].labels, held[0].label_names) if held else Labels((), {})
    if labels.left_out:
        told = (f"{name} {why}" for name, why in labels.left_out.items())
        gaps["labels left out"] = "; ".join(told)
    if held and not labels.factors:
        gaps["selectivity"] = "the images have no label that can be told"
    return labels


def _label_all(
    held: Sequence[HeldOut],
    folders: Sequence[str],
    gaps: dict[str, str],
    progress: Progress | None,
) -> list[LatentLabels | None]:
    """What the latents of every run tell of labels, by as many processes as there are cores."""
    workers = min(num_cores(), len(held)) if len(held) > FEW_RUNS else 1
    found: list[LatentLabels | None] = []
    jobs = (delayed(_label)(one, folders) for one in held)
    for one in Parallel(n_jobs=workers, return_as="generator")(jobs):
        found.append(None if isinstance(one, str) else one)
        if isinstance(one, str):
            gaps["labels"] = one
        if progress:
            progress("weighing", len(found), len(held))
    return found


def _label(held: HeldOut, folders: Sequence[str]) -> LatentLabels | str:
    """What the latents of one run tell, or why nothing can be told."""
    try:
        with threadpool_limits(1):
            return label_latents(
                held.posterior_mean,
                held.labels,
                held.label_names,
                groups=held.groups,
                group_labels=folders,
                active_above=ACTIVE_VARIANCE,
            )
    except UserError as error:
        return str(error)


def _moved(run: Run, codes: RunCodes, gaps: dict[str, str]) -> Movement | None:
    try:
        model = run.model
    except UserError as error:
        gaps["movement"] = str(error)
        return None
    device = model.pixel_mean.device

    @torch.no_grad()
    def decode(z: NDArray[np.float64]) -> NDArray[np.float32]:
        output = model.decode(torch.as_tensor(z, dtype=torch.float32).to(device))
        unit = model.likelihood.mean(output) * model.pixel_std + model.pixel_mean
        return (255 * unit).cpu().contiguous().numpy()

    levels = 255 * model.pixel_std.cpu().numpy()
    return movements(decode, codes.mean, codes.logvar, codes.active, levels)


def _pca(config: ExperimentConfig, images: ImageSet, num: int) -> Pca:
    """A refit of PCA for every run."""
    model = config.model
    found = kept_spectrum(images, model.latent_dim + MORE, standardize=model.standardize)
    rows = images.indices("test")
    refits = pca_refits(
        *(images, found, rows, num, model.latent_dim), standardize=model.standardize
    )
    return lambda i, dims: refits[i][:, :dims]


def _verdict(
    codes: Sequence[RunCodes], labels: Labels, pca: Pca | None, gaps: dict[str, str]
) -> Verdict | None:
    if pca is None:
        gaps["verdict"] = "no run is finished"
        return None
    try:
        return judge(codes, labels, pca)
    except UserError as error:
        gaps["verdict"] = str(error)
        return None


def _positions(
    codes: Sequence[RunCodes], labels: Labels, verdict: Verdict | None
) -> Sequence[Position] | None:
    """Those of the verdict, or by themselves where there is none."""
    if verdict:
        return verdict.positions
    if not labels.factors:
        return None
    return positions_of(codes, labels)


def _probes(codes: Sequence[RunCodes], labels: Labels) -> list[float]:
    with threadpool_limits(1):
        return [
            float(probe(one.codes, labels.factors, np.random.default_rng([*b"probe"])).mean())
            for one in codes
        ]


def _untrained(
    runs: Sequence[Run],
    images: ImageSet,
    networks: NetworkBuilder | None,
    gaps: dict[str, str],
) -> list[NDArray[np.float32]] | None:
    """Codes of every run's network before its first step; those of a seed are the same."""
    kept: dict[int, NDArray[np.float32]] = {}
    rows = images.indices("test")
    try:
        for run in runs:
            if run.config.seed not in kept:
                model = build_model(run.config, images, networks)
                kept[run.config.seed] = encode_images(model, images.images, rows).mean.numpy()
    except UserError as error:
        gaps["untrained"] = str(error)
        return None
    return [kept[run.config.seed] for run in runs]
