"""How to repeat the experiment: the command and the description."""

import shlex
from dataclasses import dataclass

from unknot.common.toml import to_toml
from unknot.report.sections import ReportContext


@dataclass(frozen=True)
class Command:
    """What repeats the experiment.

    Attributes:
        command: of the command line, or a call from Python.
        config: the description as TOML.
    """

    command: str
    config: str


def repeat(context: ReportContext) -> Command:
    """Give the command; images that were given from Python have none."""
    command = "unknot.compare(images, ...) from Python, with the same images"
    if context.environment["data"]["repeatable"]:
        command = f"unknot compare --config {shlex.quote(str(context.files.config))}"
    return Command(command, to_toml(context.config))
