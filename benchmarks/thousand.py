"""A thousand runs through an engine, with workers killed at random; then what reads all of them.

    python benchmarks/thousand.py [--runs 1000] [--engine local] [--kills 20] [--evidence] [--json]

The runs are those of a linear network with two steps of 16 images of 32 pixels, ten seeds of each
beta, made by `unknot compare --scores none --pictures none`. While they train, a process that
executes a run is killed (SIGKILL) at random moments; the same command again trains what was lost.
`beyond_training` is the time from the start of the command to the last run, less that of the steps
of one worker's share, for each run: the first command alone, where nothing is killed. Each command
is stopped when its last run is settled, since evidence has its own time (`--evidence`).
"""

import argparse
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np

from common import machine, show
from unknot.common.machine import num_cores
from unknot.data.load import load_images
from unknot.experiments.status import ExperimentStatus, experiment_status
from unknot.report.live_runs import FINISHED, SCORING, TRAINING, WAITING

SEEDS = 10
STEPS, BATCH = 2, 16
LOOK_SECONDS = 0.5
ENGINES = ("local", "ray")
WORKER = b"unknot.experiments.engines.worker"
"""Stands in the command line of processes that execute runs, of either engine."""


def write_images(path: Path) -> None:
    """Write 400 built-in faces of 32 pixels, with their labels."""
    faces = load_images("faces", num=400, size=32)
    np.savez(path, images=np.asarray(faces.images), factors=faces.labels.factors)


def command(images: Path, out: Path, runs: int, engine: str) -> list[str]:
    """What trains all runs."""
    betas = [str(beta) for beta in range(1, runs // SEEDS + 1)]
    seeds = [str(seed) for seed in range(SEEDS)]
    words = [sys.executable, "-m", "unknot", "compare", str(images), "--out", str(out)]
    words += ["--size", "32", "--network", "linear", "--latent-dim", "4", "--steps", str(STEPS)]
    words += ["--batch-size", str(BATCH), "--scores", "none", "--pictures", "none"]
    return [*words, "--engine", engine, "--betas", *betas, "--seeds", *seeds, "--quiet"]


def processes(words: bytes) -> Iterator[int]:
    """Processes of this benchmark with words in their command line."""
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if words in (place / "cmdline").read_bytes() and is_below(int(place.name)):
                yield int(place.name)
        except OSError:
            continue


def is_below(pid: int) -> bool:
    """Whether a process was started by this one, or by one that was."""
    while pid > 1:
        if pid == os.getpid():
            return True
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
    return False


def peak_mb(pid: int) -> float:
    """Most memory that a process has had; 0 where it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1e3 for line in lines if line.startswith("VmHWM")), 0.0)


class Killer:
    """Kills processes at random moments.

    Args:
        num: kills.
        every: seconds between two, on average.
    """

    def __init__(self, num: int, every: float) -> None:
        self._left, self._every = num, every
        self._random = random.Random(0)
        self._next = 0.0
        self.num_killed = 0

    def look(self) -> None:
        """Kill one if it is time."""
        if not self._left or time.monotonic() < self._next:
            return
        alive = list(processes(WORKER))
        if alive:
            os.kill(self._random.choice(alive), signal.SIGKILL)
            self._left -= 1
            self.num_killed += 1
            self._next = time.monotonic() + self._random.uniform(0, 2 * self._every)


class Trained:
    """One command that trains, watched until its last run is settled.

    Args:
        words: of the command.
        out: folder of the experiment.
        look: called now and then.

    Attributes:
        seconds: from its start to the last run.
        peak_mb: memory of the process that was started.
        status: of the experiment then.
    """

    def __init__(self, words: list[str], out: Path, look: Callable[[], None]) -> None:
        began = time.time()
        child = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.peak_mb = 0.0
        while child.poll() is None:
            time.sleep(LOOK_SECONDS)
            look()
            self.peak_mb = max(self.peak_mb, peak_mb(child.pid))
            if (out / "experiment.toml").exists() and self._is_settled(out, began):
                break
        self.seconds = max(run.finished for run in self.status.runs) - began
        if child.poll() is None:
            child.send_signal(signal.SIGTERM)
        child.wait()

    def _is_settled(self, out: Path, began: float) -> bool:
        """Whether no run waits or trains; what failed before the command is tried again."""
        self.status: ExperimentStatus = experiment_status(out)
        states = {run.state for run in self.status.runs}
        has_begun = any(run.finished > began for run in self.status.runs)
        return has_begun and not states & {WAITING, TRAINING, SCORING}


def num_lost(status: ExperimentStatus) -> int:
    """Runs that are not finished."""
    return sum(run.state != FINISHED for run in status.runs)


def seconds_of(*words: str) -> float:
    """Seconds of a command, from its start to its end, imports included."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "unknot", *words], check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - began


def beyond_training(trained: Trained) -> float:
    """Seconds of a run beyond those of its steps."""
    steps = sum(run.seconds or 0.0 for run in trained.status.runs) / num_cores()
    return (trained.seconds - steps) / len(trained.status.runs)


def measured(options: argparse.Namespace, place: Path) -> dict[str, Any]:
    """All figures, from an empty folder on."""
    images, out = place / "faces.npz", place / "undisturbed"
    write_images(images)
    whole = Trained(command(images, out, options.runs, options.engine), out, lambda: None)
    found = {
        "runs": options.runs,
        "engine": options.engine,
        "seconds": round(whole.seconds, 1),
        "beyond_training": round(beyond_training(whole), 4),
        "head_mb": round(whole.peak_mb),
    }
    if options.kills:
        found |= killed(options, images, place / "killed", whole.seconds)
    found["status_seconds"] = round(seconds_of("status", str(out)), 2)
    found["table_seconds"] = round(seconds_of("table", str(out), "--out", str(place / "t.csv")), 2)
    if options.evidence:
        found["evidence_seconds"] = round(seconds_of("evidence", str(out), "--quiet"), 1)
    found["report_seconds"] = round(seconds_of("report", str(out), "--quiet"), 1)
    found["page_mb"] = round((out / "report.html").stat().st_size / 1e6, 1)
    return found


def killed(options: argparse.Namespace, images: Path, out: Path, seconds: float) -> dict[str, Any]:
    """The same with processes killed, then the same command until nothing is missing."""
    killer = Killer(options.kills, every=seconds / options.kills / 2)
    words = command(images, out, options.runs, options.engine)
    trained = Trained(words, out, killer.look)
    lost_at_first, commands = num_lost(trained.status), 1
    while num_lost(trained.status) and commands < 5:
        trained = Trained(words, out, lambda: None)
        commands += 1
    return {
        "killed": killer.num_killed,
        "unfinished_after_first_command": lost_at_first,
        "commands": commands,
        "lost": num_lost(trained.status),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=1000)
    parser.add_argument("--engine", choices=ENGINES, default="local")
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--evidence", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        show({**machine(), **measured(options, Path(place))}, options.json)


if __name__ == "__main__":
    main()
