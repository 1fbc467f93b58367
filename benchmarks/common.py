"""What every benchmark needs: alternating measurements, and the machine they were made on."""

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from unknot.common.machine import num_cores, processor
from unknot.training.precision import computes_in_bfloat16


def sgemm_gflops(size: int = 2048, repeats: int = 5) -> float:
    """Rate of torch's own single-precision matrix product, in GFLOP/s, with the current threads."""
    a, b = torch.randn(size, size), torch.randn(size, size)
    rates = []
    for _ in range(repeats + 1):
        begun = time.perf_counter()
        torch.mm(a, b)
        rates.append(2 * size**3 / (time.perf_counter() - begun) / 1e9)
    return statistics.median(rates[1:])


def alternate(sides: dict[str, Callable[[], float]], rounds: int) -> dict[str, list[float]]:
    """Measure each side once per round, in turn: a slow minute of the machine hits all alike."""
    found: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(rounds):
        for name, measure in sides.items():
            found[name].append(measure())
    return found


def summary(values: list[float]) -> dict[str, float]:
    """Median and range."""
    return {"median": statistics.median(values), "min": min(values), "max": max(values)}


def processor_kind() -> str:
    """What torch may use of the processor, as figures are kept apart: avx512-bfloat16, avx2, ..."""
    units = "-bfloat16" if computes_in_bfloat16(torch.device("cpu")) else ""
    return torch.backends.cpu.get_cpu_capability().lower().replace(" ", "-") + units


def machine() -> dict[str, Any]:
    """Where this was measured."""
    return {
        "processor": processor(),
        "kind": processor_kind(),
        "cores": num_cores(),
        "torch": torch.__version__,
        "date": time.strftime("%Y-%m-%d"),
        "command": command(),
    }


def command() -> str:
    """What was typed, from the repository's root."""
    name, *words = sys.argv
    name = str(Path(name).resolve().relative_to(Path(__file__).resolve().parent.parent))
    return " ".join(["python", name, *(word for word in words if word != "--json")])


def arguments(description: str, rounds: int) -> argparse.Namespace:
    """`--rounds` and `--json`."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=rounds)
    parser.add_argument("--json", action="store_true")
    return parser.parse_args()


def show(document: dict[str, Any], as_json: bool) -> None:
    """One JSON document, or its lines."""
    if as_json:
        print(json.dumps(document, indent=2))
        return
    for name, value in document.items():
        print(f"{name:28} {value}")
