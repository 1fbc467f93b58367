"""Runs every benchmark and keeps its figures in benchmarks/results, by the kind of processor.

    python benchmarks/run_all.py [NAME ...] [--celeba FOLDER]

Some take fewer rounds or images than when they are run alone. CelebA is no part of `recipe` without
its folder, and the curves are not drawn. A processor that has bfloat16 units is measured without
them by `ATEN_CPU_CAPABILITY=avx2 ONEDNN_MAX_CPU_ISA=AVX2` before the command, and its figures stand
with those of such processors.
"""

import argparse
import subprocess
import sys
import time
from pathlib import Path

from common import processor_kind

HERE = Path(__file__).parent
COMMANDS = {
    "training": ["--rounds", "3", "--layers"],
    "recipe": ["--rounds", "3"],
    "experiment": [],
    "decode": ["--rounds", "3"],
    "epoch": ["--rounds", "1", "--images", "8000"],
    "metrics": ["--speed", "--nulls"],
    "objectives": ["--rounds", "9"],
    "networks": ["--rounds", "3"],
    "explorer": [],
    "evidence": ["--only", "labels", "speed", "--experiments", "40"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(COMMANDS)}")
    parser.add_argument("--celeba", help="CelebA's folder, of images of 64 pixels")
    options = parser.parse_args()
    names = options.names or list(COMMANDS)
    if unknown := set(names) - set(COMMANDS):
        parser.error(f"there is no {', '.join(sorted(unknown))}; there are {', '.join(COMMANDS)}")
    folder = HERE / "results" / processor_kind()
    folder.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    for name in names:
        started = time.monotonic()
        measure(name, folder, options.celeba)
        print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)
    print(f"all: {(time.monotonic() - begun) / 60:.0f} min")


def measure(name: str, folder: Path, celeba: str | None) -> None:
    """Run a benchmark; its figures replace those that were there."""
    command = [sys.executable, str(HERE / f"{name}.py"), *COMMANDS[name], "--json"]
    if name == "recipe" and celeba:
        command += ["--celeba", celeba, "--crop", "none"]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{name} ended with status {done.returncode}")
    result = done.stdout.replace(celeba, "CELEBA") if celeba else done.stdout
    (folder / f"{name}.json").write_text(result)


if __name__ == "__main__":
    main()
