"""What each latent of a run does: the labels it tells, and what moving it changes."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from unknot.common.errors import UserError
from unknot.common.machine import num_cores
from unknot.common.parallel import map_on_cores
from unknot.common.progress import Progress
from unknot.data.image_set import ImageSet
from unknot.data.layout import TOP_FOLDER
from unknot.evidence.computed_labels import ComputedLabels
from unknot.evidence.latent_labels import LatentLabels, label_latents
from unknot.evidence.rate_matching import RunPosteriors
from unknot.evidence.rotation_null import spaced_rows
from unknot.evidence.traversal_effects import TraversalEffects, traversal_effects
from unknot.metrics.posterior import ACTIVE_VARIANCE
from unknot.models.vae import VAE
from unknot.runs.held_out import HeldOutCodes
from unknot.runs.run import Run
from unknot.training.gradients.data_parallel import one_thread

MAX_DECODED, DECODED_AT_ONCE = 512, 128  # test images whose reconstructions are measured


@dataclass(frozen=True, eq=False)
class RunEvidence:
    """What each latent of one run does.

    Attributes:
        beta: of the run.
        seed: of the run.
        labels: what its latents tell of labels; None where no label can be tested.
        properties: the same of labels computed from the pixels; None where there are none.
        traversal_effects: what moving its latents changes; None where the model cannot be opened.
        explained: share of the pixels' variance over the test images that reconstructions from the
            posterior means explain, at most 1; None where the model cannot be opened.
    """

    beta: float
    seed: int
    labels: LatentLabels | None
    properties: LatentLabels | None
    traversal_effects: TraversalEffects | None
    explained: float | None

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
            "properties": self.properties.as_dict() if self.properties else None,
            "traversal_effects": effects.as_dict() if effects else None,
            "explained": self.explained,
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "RunEvidence":
        """Read back what `as_dict` gave."""
        labels, properties = document["labels"], document["properties"]
        effects = document["traversal_effects"]
        return cls(
            beta=document["beta"],
            seed=document["seed"],
            labels=LatentLabels.from_dict(labels) if labels else None,
            properties=LatentLabels.from_dict(properties) if properties else None,
            traversal_effects=TraversalEffects.from_dict(effects) if effects else None,
            explained=document["explained"],
        )


def evidence_of_runs(
    runs: Sequence[Run],
    codes: Sequence[HeldOutCodes],
    images: ImageSet,
    properties: ComputedLabels | None,
    *,
    progress: Progress | None = None,
) -> tuple[list[RunEvidence], dict[str, str]]:
    """Find out what the latents of every run do.

    Args:
        runs: trained on the same images.
        codes: of their test images, in the same order.
        images: they were trained on.
        properties: computed from the test images, or None.
        progress: called as `progress("evidence", done, total)` after each run.

    Returns:
        What each run's latents do, and what could not be found out -> the reason.
    """
    folders = tuple(name or TOP_FOLDER for name in images.labels.group_names)
    labels, no_labels = _label_runs(codes, folders, properties, progress)
    pictures, no_pictures = _pictures_of_runs(runs, codes, images)
    evidence = [
        RunEvidence(
            beta=run.config.beta,
            seed=run.config.seed,
            labels=run_labels.given,
            properties=run_labels.computed,
            traversal_effects=run_pictures.effects if run_pictures else None,
            explained=run_pictures.explained if run_pictures else None,
        )
        for run, run_labels, run_pictures in zip(runs, labels, pictures)
    ]
    reasons = {"labels": no_labels, "traversal effects": no_pictures}
    return evidence, {what: reason for what, reason in reasons.items() if reason}


def posteriors_of(run: Run, codes: HeldOutCodes) -> RunPosteriors:
    """Put a run's codes of its test images together with its beta and seed."""
    return RunPosteriors(
        beta=run.config.beta,
        seed=run.config.seed,
        mean=codes.posterior_mean,
        logvar=codes.posterior_logvar,
        objective=run.config.training.objective,
    )


class _RunLabels(NamedTuple):
    """What the latents of a run tell of given labels and of computed ones."""

    given: LatentLabels | None
    computed: LatentLabels | None
    no_given: str


class _RunPictures(NamedTuple):
    """What the decoder of a run shows."""

    effects: TraversalEffects
    explained: float


def _label_runs(
    codes: Sequence[HeldOutCodes],
    folders: Sequence[str],
    properties: ComputedLabels | None,
    progress: Progress | None,
) -> tuple[list[_RunLabels], str]:
    """What the latents of every run tell of labels, a run on each core."""
    label_run = partial(_label_run, folders=folders, properties=properties)
    labels: list[_RunLabels] = []
    with threadpool_limits(1):
        for run_labels in map_on_cores(label_run, codes, workers=num_cores(), processes=True):
            labels.append(run_labels)
            if progress:
                progress("evidence", len(labels), len(codes))
    return labels, next((each.no_given for each in labels if each.no_given), "")


def _label_run(
    codes: HeldOutCodes, folders: Sequence[str], properties: ComputedLabels | None
) -> _RunLabels:
    given, no_given = _tell(codes, codes.labels, codes.label_names, folders)
    if properties is None:
        return _RunLabels(given=given, computed=None, no_given=no_given)
    computed, _ = _tell(codes, properties.values, properties.names, ())
    return _RunLabels(given=given, computed=computed, no_given=no_given)


def _tell(
    codes: HeldOutCodes,
    labels: NDArray[np.float64],
    names: Sequence[str],
    folders: Sequence[str],
) -> tuple[LatentLabels | None, str]:
    """What latents tell of labels, or the reason why that cannot be tested."""
    try:
        labels_of_latents = label_latents(
            codes.posterior_mean,
            labels,
            names,
            groups=codes.groups,
            group_labels=folders,
            active_above=ACTIVE_VARIANCE,
        )
    except UserError as error:
        return None, str(error)
    return labels_of_latents, ""


def _pictures_of_runs(
    runs: Sequence[Run], codes: Sequence[HeldOutCodes], images: ImageSet
) -> tuple[list[_RunPictures | None], str]:
    """What the decoders of all runs show, a run on each core, and why some show nothing."""
    with one_thread():
        results = list(
            map_on_cores(
                lambda i: _pictures_of_run(runs[i], codes[i], images),
                range(len(runs)),
                workers=num_cores(),
            )
        )
    reasons = [result for result in results if isinstance(result, str)]
    pictures = [None if isinstance(result, str) else result for result in results]
    return pictures, reasons[-1] if reasons else ""


def _pictures_of_run(run: Run, codes: HeldOutCodes, images: ImageSet) -> _RunPictures | str:
    """What the decoder of a run shows, or the reason why it cannot be opened."""
    try:
        model = run.open_model()  # of a thousand runs, few are in memory at a time
        effects = _effects_of_model(model, posteriors_of(run, codes))
    except UserError as error:
        return str(error)
    explained = explained_share(
        pixel_decoder(model), codes.posterior_mean, images.images, images.indices("test")
    )
    return _RunPictures(effects=effects, explained=explained)


def _effects_of_model(model: VAE, codes: RunPosteriors) -> TraversalEffects:
    levels = 255 * model.pixel_std.cpu().numpy()
    decode = pixel_decoder(model)
    return traversal_effects(decode, codes.mean, codes.logvar, codes.active, levels)


def explained_share(
    decode: Callable[[NDArray[np.float64]], NDArray[np.float32]],
    codes: NDArray[np.floating],
    images: NDArray[np.uint8],
    rows: NDArray[np.int64],
) -> float:
    """Measure how much of what differs between pictures their reconstructions show.

    Args:
        decode: codes -> expected pixels 0..255.
        codes: posterior means of the images of `rows`, shape `(num, latent_dim)`.
        images: uint8, shape `(num_images, channel, height, width)`.
        rows: which of them the codes are of; at most 512 are used, evenly spaced.

    Returns:
        One less the squared error over the squared distance from the mean picture, both summed over
        pixels: 1 for perfect reconstructions, 0 for the mean picture.
    """
    spaced = spaced_rows(len(rows), MAX_DECODED)
    shown = images[rows[spaced]].astype(np.float64)
    means = codes[spaced].astype(np.float64)
    chunks = range(0, len(spaced), DECODED_AT_ONCE)
    drawn = np.concatenate([decode(means[i : i + DECODED_AT_ONCE]) for i in chunks])
    total = float(((shown - shown.mean(0)) ** 2).sum())
    return 1 - float(((shown - drawn) ** 2).sum()) / total if total > 0 else 0.0


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
