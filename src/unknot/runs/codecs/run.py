"""A run of ours as a codec."""

from pathlib import Path

from unknot.runs.codecs import Codec
from unknot.runs.run import Run


def open_run(path: Path) -> Codec:
    """Open the folder of a run.

    Raises:
        UserError: if the folder holds no finished training.
    """
    return Run(path)
