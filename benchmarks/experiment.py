"""The demo from cached data to its report, and what two processes gain.

    python benchmarks/experiment.py [--rounds 1] [--eight STEPS] [--json]

The demo is that of `make demo`, from cached images to the page. `outside_steps` is its time beyond
that of the steps, which is what all cores that worked on them took over the number of cores.
`--eight` adds eight runs of so many steps (two seeds of four betas), until the last is done and
without what follows: as one process per core, one after the other by all cores (as threads of a
process, and data-parallel), and by one thread. `anonymous_mb` is the most memory that one process
had for itself; the images are a file's pages, shared by all.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Any

from common import machine, show, summary
from unknot.common.machine import num_cores
from unknot.data.load import load_images
from unknot.runs.folder import RunFolder
from unknot.runs.history import read_history
from unknot.training.checkpoint import threads_before

DEMO = ["--betas", "0.1", "1", "2", "10", "350", "--latent-dim", "6", "--steps", "1000"]
EIGHT = ["--betas", "0.1", "1", "2", "10", "--seeds", "0", "1"]
SAMPLE_SECONDS = 0.2


class Memory(threading.Thread):
    """Watches how much memory each training process has for itself."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.most_mb, self.ended = 0.0, threading.Event()

    def run(self) -> None:
        """Look until told to end."""
        while not self.ended.wait(SAMPLE_SECONDS):
            for process in Path("/proc").glob("[0-9]*"):
                try:
                    if b"unknot.experiments.engines.worker" in (process / "cmdline").read_bytes():
                        status = (process / "status").read_text()
                        kilobytes = int(status.split("RssAnon:")[1].split()[0])
                        self.most_mb = max(self.most_mb, kilobytes / 1e3)
                except (OSError, IndexError):
                    continue


def compare(folder: Path, *options: str, cores: int | None = None) -> float:
    """Seconds of the command; `cores` leaves it only so many."""
    command = [sys.executable, "-m", "unknot", "compare", "faces", "--quiet"]
    command += ["--out", str(folder), *options]
    if cores:
        allowed = ",".join(map(str, sorted(os.sched_getaffinity(0))[:cores]))
        command = ["taskset", "-c", allowed, *command]
    begun = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return time.perf_counter() - begun


def until_done(folder: Path, steps: int, *options: str, cores: int | None = None) -> float:
    """Seconds until the last of eight runs is done."""
    begun = time.time()
    compare(folder, *EIGHT, "--steps", str(steps), *options, cores=cores)
    return max(RunFolder(run).done.stat().st_mtime for run in folder.glob("beta-*")) - begun


def step_seconds(folder: Path) -> float:
    """Seconds of the steps of all runs, times the cores of each, over those of the machine."""
    runs = [RunFolder(run) for run in folder.glob("beta-*")]
    taken = [read_history(run.history)[-1]["seconds"] * threads_before(run) for run in runs]
    return float(sum(taken)) / num_cores()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--eight", type=int, default=0)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    load_images("faces")
    cores = num_cores()
    found: dict[str, list[float]] = {}
    outside: list[float] = []
    memory = Memory()
    memory.start()
    with tempfile.TemporaryDirectory() as place:
        for i in range(options.rounds):
            at = Path(place)
            found.setdefault("demo", []).append(compare(at / f"demo-{i}", *DEMO))
            outside.append(found["demo"][-1] - step_seconds(at / f"demo-{i}"))
            if options.eight:
                ways: dict[str, tuple[tuple[str, ...], int | None]] = {
                    f"{cores} processes": ((), None),
                    f"one process, {cores} threads": (
                        ("--workers", "1", "--data-parallel", "off"),
                        None,
                    ),
                    f"one run at a time, {cores} processes": (("--workers", "1"), None),
                    "one process, one thread": (("--workers", "1"), 1),
                }
                for name, (extra, allowed) in ways.items():
                    seconds = until_done(at / f"{name}-{i}", options.eight, *extra, cores=allowed)
                    found.setdefault(name, []).append(seconds)
    memory.ended.set()
    document: dict[str, Any] = {**machine(), "anonymous_mb": round(memory.most_mb)}
    document["seconds"] = {name: summary(values) for name, values in found.items()}
    document["outside_steps"] = summary(outside)
    if options.eight:
        fastest, *others = [name for name in found if name != "demo"]
        document["share_of"] = {
            name: round(statistics.median(a / b for a, b in zip(found[fastest], found[name])), 2)
            for name in others
        }
    print(json.dumps(document, indent=2)) if options.json else show(document, False)


if __name__ == "__main__":
    main()
