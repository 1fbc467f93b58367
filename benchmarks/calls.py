"""Calls of the file system for each run: made by the comparison, and by the process that trains it.

    python benchmarks/calls.py [--runs 20] [--json]

Runs of `thousand.py` are trained on this machine under `strace` (Debian's package of that name).
Counted are calls with a path in a run's folder, which a shared file system may have to ask its
server for: looking (stat), opening to read, making or opening to write, renaming, making folders,
deleting. Writing into open files, and libraries that are imported, are not counted.
"""

import argparse
import re
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from thousand import BATCH, SEEDS, STEPS

from common import machine, show
from unknot.config.execution import ExecutionConfig
from unknot.data.load import load_images
from unknot.experiments.dispatch import train_all
from unknot.experiments.setup import create_experiment_folder, experiment_config, resolve_config
from unknot.runs.experiment_folder import ExperimentFolder

LINE = re.compile(r"(?P<pid>\d+) +(?P<call>\w+)\((?P<rest>.*)")
KINDS = {"newfstatat": "look", "statx": "look", "access": "look", "readlink": "look"}
KINDS |= {"rename": "rename", "mkdir": "make_folder", "unlink": "delete", "rmdir": "delete"}


def train(out: Path, num_runs: int) -> None:
    """Train the runs, without scores, pictures and what follows them."""
    images = load_images("faces", num=400, size=32)
    config = experiment_config(
        images,
        [float(beta) for beta in range(1, num_runs // SEEDS + 1)],
        list(range(SEEDS)),
        network="linear",
        latent_dim=4,
        steps=STEPS,
        batch_size=BATCH,
    )
    config, folder = resolve_config(config, images), ExperimentFolder(out)
    create_experiment_folder(config, images, folder)
    execution = ExecutionConfig(device="cpu", scores="none", pictures="none")
    train_all(config, images, folder, execution, None, None, None)


def kind_of(call: str, rest: str) -> str:
    """What a call does to its path."""
    if call == "openat":
        return "make" if "O_CREAT" in rest else "open"
    return KINDS.get(call, call)


def counted(log: Path, num_runs: int) -> dict[str, dict[str, float]]:
    """Calls for each run, of the comparison and of the processes that train."""
    lines = [match for match in map(LINE.match, log.read_text().splitlines()) if match]
    comparison = lines[0]["pid"]
    counts: dict[str, Counter[str]] = {"comparison": Counter(), "training": Counter()}
    for line in lines:
        if "_seed-" in line["rest"]:
            who = "comparison" if line["pid"] == comparison else "training"
            counts[who][kind_of(line["call"], line["rest"])] += 1
    return {
        who: {kind: round(num / num_runs, 1) for kind, num in sorted(kinds.items())}
        for who, kinds in counts.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--train", type=Path)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    if options.train:
        train(options.train, options.runs)
        return
    with tempfile.TemporaryDirectory() as place:
        log = Path(place, "log")
        words = ["strace", "-f", "-qq", "-o", str(log), "-e", "trace=%file", sys.executable]
        words += [__file__, "--train", str(Path(place, "e")), "--runs", str(options.runs)]
        subprocess.run(words, check=True)
        found: dict[str, Any] = {**machine(), **counted(log, options.runs)}
    show(found, options.json)


if __name__ == "__main__":
    main()
