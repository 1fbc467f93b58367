"""The page of an experiment while it trains: where it is served, and until when."""

import json
import os
import secrets
import webbrowser
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from threading import Thread
from typing import NamedTuple

from unknot.common.errors import UserError
from unknot.common.files import written_beside
from unknot.experiments.experiment import Experiment
from unknot.report.run_watcher import ExperimentWatcher

LIBRARIES = ("starlette", "uvicorn")
TOKEN_BYTES = 24


class Address(NamedTuple):
    """Where an experiment was served last, so that a page that is open goes on.

    Attributes:
        port: of this machine.
        token: that the address holds.
    """

    port: int
    token: str


def check_watchable() -> None:
    """Check that what serves the page is installed.

    Raises:
        UserError: if it is not.
    """
    missing = [name for name in LIBRARIES if find_spec(name) is None]
    if missing:
        raise UserError(
            f"the page is served by {' and '.join(missing)}, not installed: "
            "pip install 'unknot[watch]'"
        )
