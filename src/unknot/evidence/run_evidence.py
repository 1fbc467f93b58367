"""What each latent of a run does: the labels it tells, and what moving it changes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from unknot.common.errors import UserError
from unknot.common.machine import num_cores
from unknot.common.progress import Progress
from unknot.data.image_set import ImageSet
from unknot.data.sources.files import TOP_FOLDER
from unknot.evidence.latent_labels import LatentLabels, label_latents
from unknot.evidence.rate_matching import RunPosteriors
from unknot.evidence.traversal_effects import TraversalEffects, traversal_effects
from unknot.metrics.posterior import ACTIVE_VARIANCE
from unknot.models.vae import VAE
from unknot.runs.held_out import HeldOutCodes
from unknot.runs.run import Run

FEW_RUNS = 4  # up to so many, starting processes takes longer than it saves


@dataclass(frozen=True, eq=False)
class RunEvidence:
    """What each latent of one run does.

    Attributes:
        beta: of the run.
        seed: of the run.
        labels: what its latents tell of labels; None where no label can be tested.
        traversal_effects: what moving its latents changes; None where the model cannot be opened.
    """

    beta: float
    seed: int
    labels: LatentLabels | None
    traversal_effects: TraversalEffects | None

    @property
    def jacobian_cosine(self) -> float:
        """That of the traversal effects; NaN where there are none."""
        effects = self.traversal_effects
        return effects.jacobian_cosine if effects else float("nan")

    def as_dict(self) -> dict[str, Any]:
        """The fields, for a JSON document."""
        effects = self.traversal_effects
        return {
            "beta": self.beta,
            "seed": self.seed,
            "labels": self.labels.as_dict() if self.labels else None,
            "traversal_effects": effects.as_dict() if effects else None,
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "RunEvidence":
        """Read back what `as_dict` gave."""
        labels, effects = document["labels"], document["traversal_effects"]
        return cls(
            beta=document["beta"],
            seed=document["seed"],
            labels=LatentLabels.from_dict(labels) if labels else None,
            traversal_effects=TraversalEffects.from_dict(effects) if effects else None,
        )


def evidence_of_runs(
    runs: Sequence[Run],
    codes: Sequence[HeldOutCodes],
    images: ImageSet,
    *,
    progress: Progress | None = None,
) -> tuple[list[RunEvidence], dict[str, str]]:
    """Find out what the latents of every run do.

    Args:
        runs: trained on the same images.
        codes: of their test images, in the same order.
        images: they were trained on.
        progress: called as `progress("evidence", done, total)` after each run.

    Returns:
        What each run's latents do, and what could not be found out -> the reason.
    """
    folders = tuple(name or TOP_FOLDER for name in images.labels.group_names)
    labels, no_labels = _label_runs(codes, folders, progress)
    effects, no_effects = _effects_of_runs(runs, codes)
    evidence = [
        RunEvidence(
            beta=run.config.beta,
            seed=run.config.seed,
            labels=run_labels,
            traversal_effects=run_effects,
        )
        for run, run_labels, run_effects in zip(runs, labels, effects)
    ]
    reasons = {"labels": no_labels, "traversal effects": no_effects}
    return evidence, {what: reason for what, reason in reasons.items() if reason}


def posteriors_of(run: Run, codes: HeldOutCodes) -> RunPosteriors:
    """Put a run's codes of its test images together with its beta and seed."""
    return RunPosteriors(
        beta=run.config.beta,
        seed=run.config.seed,
        mean=codes.posterior_mean,
        logvar=codes.posterior_logvar,
    )


def _label_runs(
    codes: Sequence[HeldOutCodes], folders: Sequence[str], progress: Progress | None
) -> tuple[list[LatentLabels | None], str]:
    """What the latents of every run tell of labels, by as many processes as there are cores."""
    workers = min(num_cores(), len(codes)) if len(codes) > FEW_RUNS else 1
    jobs = (delayed(_label_run)(held_out, folders) for held_out in codes)
    labels: list[LatentLabels | None] = []
    last_reason = ""
    for run_labels, reason in Parallel(n_jobs=workers, return_as="generator")(jobs):
        labels.append(run_labels)
        last_reason = reason or last_reason
        if progress:
            progress("evidence", len(labels), len(codes))
    return labels, last_reason


def _label_run(codes: HeldOutCodes, folders: Sequence[str]) -> tuple[LatentLabels | None, str]:
    try:
        with threadpool_limits(1):
            labels = label_latents(
                codes.posterior_mean,
                codes.labels,
                codes.label_names,
                groups=codes.groups,
                group_labels=folders,
                active_above=ACTIVE_VARIANCE,
            )
    except UserError as error:
        return None, str(error)
    return labels, ""


def _effects_of_runs(
    runs: Sequence[Run], codes: Sequence[HeldOutCodes]
) -> tuple[list[TraversalEffects | None], str]:
    effects: list[TraversalEffects | None] = []
    last_reason = ""
    for run, held_out in zip(runs, codes):
        try:
            effects.append(_effects_of_model(run.model, posteriors_of(run, held_out)))
        except UserError as error:
            effects.append(None)
            last_reason = str(error)
    return effects, last_reason


def _effects_of_model(model: VAE, codes: RunPosteriors) -> TraversalEffects:
    levels = 255 * model.pixel_std.cpu().numpy()
    decode = pixel_decoder(model)
    return traversal_effects(decode, codes.mean, codes.logvar, codes.active, levels)


def pixel_decoder(model: VAE) -> Callable[[NDArray[np.float64]], NDArray[np.float32]]:
    """Make a function from codes to expected pixels, 0..255 and not rounded.

    Args:
        model: in evaluation mode.
    """
    device = model.pixel_mean.device

    @torch.no_grad()
    def decode(z: NDArray[np.float64]) -> NDArray[np.float32]:
        output = model.decode(torch.as_tensor(z, dtype=torch.float32).to(device))
        unit = model.likelihood.mean(output) * model.pixel_std + model.pixel_mean
        return (255 * unit).cpu().contiguous().numpy()

    return decode
