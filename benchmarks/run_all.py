"""Runs every benchmark and keeps its figures in benchmarks/results, by the kind of processor.

    python benchmarks/run_all.py [NAME ...]

A processor that has bfloat16 units is measured without them by `ATEN_CPU_CAPABILITY=avx2
ONEDNN_MAX_CPU_ISA=AVX2` before the command, and its figures stand with those of such processors.
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
    "epoch": ["--rounds", "1"],
    "metrics": ["--speed", "--nulls"],
    "objectives": ["--rounds", "9"],
    "networks": ["--rounds", "3"],
    "explorer": [],
    "evidence": ["--experiments", "20"],
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", choices=[[], *COMMANDS], default=[])
    names = parser.parse_args().names or list(COMMANDS)
    folder = HERE / "results" / processor_kind()
    folder.mkdir(parents=True, exist_ok=True)
    begun = time.monotonic()
    for name in names:
        started = time.monotonic()
        measure(name, folder)
        print(f"{name}: {time.monotonic() - started:.0f} s", flush=True)
    print(f"all: {(time.monotonic() - begun) / 60:.0f} min")


def measure(name: str, folder: Path) -> None:
    """Run a benchmark; its figures replace those that were there."""
    command = [sys.executable, str(HERE / f"{name}.py"), *COMMANDS[name], "--json"]
    done = subprocess.run(command, check=False, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise SystemExit(f"{name} ended with status {done.returncode}")
    (folder / f"{name}.json").write_text(done.stdout)


if __name__ == "__main__":
    main()
