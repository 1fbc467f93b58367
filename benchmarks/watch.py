"""What an open page costs the runs: cores of the serving process, steps a second of the runs.

    python benchmarks/watch.py [--rounds 6] [--json]

Two runs of the built-in faces train at betas 1 and 350, a process each, under `compare --open`.
In turn nobody listens, somebody listens to the server's events, and Chromium has the page open.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Callable
from contextlib import AbstractContextManager, ExitStack, closing, nullcontext
from functools import partial
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from common import alternate, arguments, machine, show, summary
from unknot.runs.experiment_folder import ExperimentFolder
from unknot.runs.history import last_step

WINDOW_SECONDS, SETTLING_SECONDS = 8.0, 1.5
COMMAND = ["compare", "faces", "--betas", "1", "350", "--steps", "5000", "--log-every", "1"]


class OpenComparison:
    """A comparison that trains and serves its page.

    Args:
        folder: of the experiment.
    """

    def __init__(self, folder: Path) -> None:
        self._files = ExperimentFolder(folder)
        self._process = subprocess.Popen(
            [sys.executable, "-m", "unknot", *COMMAND, "--open", "--quiet", "--out", str(folder)],
            env={**os.environ, "BROWSER": "true"},
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        while self.num_steps() < 20:
            time.sleep(0.5)
        address = json.loads(self._files.served.read_text())
        self.address = f"http://127.0.0.1:{address['port']}/{address['token']}/"

    def num_steps(self) -> int:
        """Steps that both runs have taken."""
        return sum(last_step(path) for path in self._files.path.glob("*/history.jsonl"))

    def cpu_seconds(self) -> float:
        """Processor time of the process that serves; the runs have processes of their own."""
        numbers = Path(f"/proc/{self._process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(numbers[11]) + int(numbers[12])) / os.sysconf("SC_CLK_TCK")

    def close(self) -> None:
        """Stop the server; the runs, whose parent it is, save and follow."""
        self._process.terminate()
        self._process.wait()


def measure(
    comparison: OpenComparison,
    listener: Callable[[], AbstractContextManager[Any]],
    wait: Callable[[float], None],
    cores: list[float],
) -> float:
    """Steps a second while somebody listens; adds the cores of the serving process."""
    with listener():
        wait(SETTLING_SECONDS)
        begun, steps, cpu = time.perf_counter(), comparison.num_steps(), comparison.cpu_seconds()
        wait(WINDOW_SECONDS)
        seconds = time.perf_counter() - begun
        cores.append((comparison.cpu_seconds() - cpu) / seconds)
        return (comparison.num_steps() - steps) / seconds


def main() -> None:
    options = arguments(__doc__, rounds=6)
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        started = stack.enter_context(sync_playwright())
        browser = started.chromium.launch(
            executable_path="/usr/bin/chromium", args=["--no-sandbox"]
        )
        comparison = stack.enter_context(closing(OpenComparison(folder / "faces")))

        def open_page() -> AbstractContextManager[Any]:
            page = browser.new_page(viewport={"width": 1400, "height": 900})
            page.goto(comparison.address)
            return closing(page)

        idle = browser.new_page()
        listeners = {
            "nobody": nullcontext,
            "events": partial(urllib.request.urlopen, f"{comparison.address}events"),
            "page": open_page,
        }
        cores: dict[str, list[float]] = {name: [] for name in listeners}
        sides = {
            name: partial(
                measure,
                comparison,
                listener,
                lambda seconds: idle.wait_for_timeout(1000 * seconds),
                cores[name],
            )
            for name, listener in listeners.items()
        }
        rates = alternate(sides, options.rounds)
        document = {
            name: {"steps_per_second": summary(rates[name]), "cores": summary(cores[name])}
            for name in listeners
        }
    show({"machine": machine(), "listening": document}, options.json)


if __name__ == "__main__":
    main()
