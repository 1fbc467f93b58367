"""The images: a random sample, and what is known of them and of the training."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from unknot.data.summary import data_facts
from unknot.report.sections import ReportContext
from unknot.report.sections.curves import training_seconds


@dataclass(frozen=True)
class ImageFacts:
    """The images and what is known of them.

    Attributes:
        sample: file of the random sample; None where it is gone.
        facts: name and value of each line.
    """

    sample: Path | None
    facts: Sequence[tuple[str, str]]


def images(context: ReportContext) -> ImageFacts:
    """List what is known of the images, and how the runs were made."""
    environment = context.environment
    data = environment["data"]
    seconds = sum(training_seconds(run) for run in context.runs)
    facts = [
        *data_facts(data, data["splits"]),
        ("made with", _versions(environment)),
        ("training took", f"{seconds:,.0f} seconds for all runs together"),
        ("fingerprint", environment["data_fingerprint"]),
    ]
    sample = context.files.sample
    return ImageFacts(sample if sample.is_file() else None, facts)


def _versions(environment: Mapping[str, Any]) -> str:
    versions = environment["versions"]
    return (
        f"unknot {versions['unknot']}, torch {versions['torch']}, Python {versions['python']}, on "
        f"{environment['processor']}"
    )
