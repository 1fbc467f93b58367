"""The evidence of one run alone: what its latents do, and whether they are special."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from unknot.common.errors import UserError
from unknot.common.progress import Progress
from unknot.data.image_set import ImageSet
from unknot.evidence.answers import Answer
from unknot.evidence.answers.axes import answer_axes
from unknot.evidence.answers.latents import answer_latents
from unknot.evidence.axes import AxisEvidence, RunAxes, axis_evidence
from unknot.evidence.computed_labels import ComputedLabels, computed_labels
from unknot.evidence.interaction_test import Decode
from unknot.evidence.run_evidence import RunEvidence, evidence_of_runs, pixel_decoder
from unknot.runs.held_out import HeldOutCodes
from unknot.runs.run import Run

NO_BETA = (
    "Whether a higher beta did it, and which beta to take, cannot be asked of one run: there is no "
    "other beta to compare it with. `unknot compare` trains several."
)


@dataclass(frozen=True, eq=False)
class SingleRunEvidence:
    """The evidence of one run alone.

    Attributes:
        name: of the run.
        answers: to the questions that can be asked of one run: what each latent does, and whether
            the latents are special.
        run: what each latent does.
        axes: how special the latents are.
        not_available: what is missing -> the reason.
    """

    name: str
    answers: list[Answer]
    run: RunEvidence
    axes: AxisEvidence
    not_available: Mapping[str, str]

    def __str__(self) -> str:
        """The questions with their answers, and why the others are not asked."""
        return "\n".join([*map(str, self.answers), NO_BETA])

    def as_dict(self) -> dict[str, Any]:
        """The fields for a JSON document."""
        return {
            "answers": [answer.as_dict() for answer in self.answers],
            "runs": {self.name: self.run.as_dict()},
            "axes": {self.name: self.axes.as_dict()},
            "not_available": {**self.not_available, "beta": NO_BETA},
        }


def evidence_of_run(
    run: Run,
    images: ImageSet | None = None,
    *,
    with_computed_labels: bool = True,
    progress: Progress | None = None,
) -> SingleRunEvidence:
    """Answer what the latents of one run do, and whether they are special; nothing is written.

    Args:
        run: trained.
        images: it was trained on, with the labels that are asked for; found by itself if not given.
        with_computed_labels: use figures computed from the pixels as labels too.
        progress: called as `progress("evidence", runs done, 1)`, then likewise with "tests of
            latents".

    Raises:
        UserError: if the images are gone, or are not those that it was trained on.
    """
    if progress:
        progress("evidence", 0, 1)
    images = images or run.files.open_images()
    if run.files.read_images().fingerprint != images.fingerprint:
        raise UserError(f"{run.folder} was trained on other images; give its own")
    codes = HeldOutCodes.load(run.files).with_labels_of(images)
    properties = pixel_properties(images) if with_computed_labels else None
    computed = properties if isinstance(properties, ComputedLabels) else None
    (evidence,), reasons = evidence_of_runs([run], [codes], images, computed, progress=progress)
    (axes,) = axis_evidence([run_axes(run, codes)], properties, progress=progress)
    if isinstance(properties, str):
        reasons = reasons | {"computed labels": properties}
    return SingleRunEvidence(
        name=run.name,
        answers=[
            answer_latents({run.name: evidence}, run.config.beta),
            answer_axes({run.name: axes}),
        ],
        run=evidence,
        axes=axes,
        not_available=reasons,
    )


def run_axes(run: Run, codes: HeldOutCodes) -> RunAxes:
    """Gather what the tests of a run's latents need."""
    return RunAxes(
        beta=run.config.beta, seed=run.config.seed, codes=codes, open_decoder=lambda: _decoder(run)
    )


def pixel_properties(images: ImageSet) -> ComputedLabels | str:
    """Compute labels of the test images' pixels; the reason where none can be."""
    try:
        computed = computed_labels(images.images[images.indices("test")])
    except UserError as error:
        return str(error)
    return computed if computed.names else "the pictures all show the same"


def _decoder(run: Run) -> Decode | str:
    """Open a run's decoder, or say why not: a user's own network whose builder is not given."""
    try:
        return pixel_decoder(run.open_model())
    except UserError as error:
        return str(error)
