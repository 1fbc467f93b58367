"""The images: a random sample, and what is known of them and of the training."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from unknot.common.errors import UserError
from unknot.data.summary import data_facts
from unknot.report.sections import ReportContext
from unknot.report.sections.curves import training_seconds
from unknot.runs.experiment_folder import ExperimentFolder
from unknot.runs.pictures import picture_address


@dataclass(frozen=True)
class ImageFacts:
    """The images and what is known of them.

    Attributes:
        sample: the random sample as a data address; empty where it is gone.
        gap: why it is not shown, in a sentence; empty where it is, or is gone.
        facts: name and value of each line.
    """

    sample: str
    gap: str
    facts: Sequence[tuple[str, str]]


def images(context: ReportContext) -> ImageFacts:
    """List what is known of the images, and how the runs were made."""
    environment = context.environment
    data = environment["data"]
    seconds = sum(training_seconds(context.histories.of(run)) for run in context.runs)
    facts = [
        *data_facts(data, data["splits"]),
        ("made with", _versions(environment)),
        ("training took", f"{seconds:,.0f} seconds for all runs together"),
        ("fingerprint", environment["data_fingerprint"]),
    ]
    sample, gap = _sample(context.files)
    return ImageFacts(sample=sample, gap=gap, facts=facts)


def _sample(files: ExperimentFolder) -> tuple[str, str]:
    """Give the random sample as a data address, or a sentence that says why it is not shown."""
    if not os.path.lexists(files.sample):
        return "", ""
    try:
        return picture_address(files.sample, within=files.path), ""
    except UserError as error:
        return "", f"The random sample is not shown: {error}."


def _versions(environment: Mapping[str, Any]) -> str:
    versions = environment["versions"]
    return (
        f"unknot {versions['unknot']}, torch {versions['torch']}, Python {versions['python']}, on "
        f"{environment['processor']}"
    )
