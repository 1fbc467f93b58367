"""MIG, MIG-sup and JEMMIG of factors with few and many levels, beside their true values.

    python benchmarks/levels.py [--noise 0.05] [--draws 3] [--speed] [--json]

Two factors of as many even levels; four latents: each factor over its standard deviation with a
little noise, and again with noise of 1. Their mutual information is integrated, not estimated. For
each number of levels and of images: each score's true value, the mean of its estimate over
`--draws` worlds, and the same with permuted labels, where 0 is right. JEMMIG's true value takes the
latent's entropy over as many quantile bins as the metric has. `--speed` adds the processor seconds
of the three scores for ten latents beside factors of 3, 6, 40, 32 and 200 levels at 20,000 images.
"""

import argparse
import json
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from common import machine
from unknot.metrics.estimators.bins import NUM_BINS
from unknot.metrics.inputs import make_table
from unknot.metrics.registry import load_metric
from unknot.metrics.table import Table

FloatArray = NDArray[np.float64]

SCORES = ("mig", "mig_sup", "jemmig")
LEVELS = (5, 10, 20, 40, 100, 200)
IMAGES = (1_000, 2_000, 5_000, 20_000)
WEAK = 1.0  # noise of the second latent of each factor
SPEED_LEVELS, SPEED_LATENTS = (3, 6, 40, 32, 200), 10


def even_levels(num: int) -> FloatArray:
    """Values of a factor, of mean 0 and standard deviation 1."""
    return (np.arange(num) - (num - 1) / 2) / np.sqrt((num**2 - 1) / 12)


def information(num_levels: int, noise: float) -> float:
    """Integrate what a factor with normal noise tells of the factor, in nats."""
    step = noise / 20
    centers = even_levels(num_levels)
    grid = np.arange(centers[0] - 8 * noise, centers[-1] + 8 * noise, step)
    density = np.exp(-0.5 * ((grid[:, None] - centers) / noise) ** 2).mean(1)
    density /= noise * np.sqrt(2 * np.pi)
    logs = np.log(density, out=np.zeros_like(density), where=density > 0)
    return float(-(density * logs).sum() * step - 0.5 * np.log(2 * np.pi * np.e * noise**2))


def true_scores(num_levels: int, noise: float) -> dict[str, float]:
    """Compute the three scores without an estimate."""
    strong, weak = information(num_levels, noise), information(num_levels, WEAK)
    entropy = np.log(num_levels)
    num_bins = -(-NUM_BINS // num_levels) * num_levels
    return {
        "mig": (strong - weak) / entropy,
        "mig_sup": (strong + weak) / 2 / entropy,
        "jemmig": (2 * strong - weak) / (entropy + np.log(num_bins)),
    }


def world(num_levels: int, num: int, noise: float, seed: int) -> Table:
    """Draw factors and their latents."""
    rng = np.random.default_rng([seed, num_levels, num])
    factors = rng.integers(num_levels, size=(num, 2))
    values = even_levels(num_levels)[factors]
    codes = np.hstack([values, values])
    codes += np.array([noise, noise, WEAK, WEAK]) * rng.standard_normal(codes.shape)
    return make_table(codes, factors, factor_kinds=["discrete"] * 2)


def measure(table: Table) -> FloatArray:
    return np.array([load_metric(name)(table)[name].value for name in SCORES])


def cell(num_levels: int, num: int, noise: float, draws: int) -> dict[str, Any]:
    """Hold the scores of one number of levels and of images against the truth."""
    rng = np.random.default_rng([*b"permuted"])
    tables = [world(num_levels, num, noise, seed) for seed in range(draws)]
    estimates = np.mean([measure(table) for table in tables], axis=0)
    nulls = np.mean([measure(table.shuffled(rng)) for table in tables], axis=0)
    row: dict[str, Any] = {"levels": num_levels, "images": num}
    for k, (name, true) in enumerate(true_scores(num_levels, noise).items()):
        values = true, estimates[k], nulls[k]
        row[name] = dict(zip(("true", "estimate", "permuted"), np.round(values, 4).tolist()))
    return row


def seconds() -> float:
    """Measure processor seconds of the three scores, which share one estimate."""
    rng = np.random.default_rng(0)
    factors = np.stack([rng.integers(num, size=IMAGES[-1]) for num in SPEED_LEVELS], 1)
    codes = factors @ rng.standard_normal((len(SPEED_LEVELS), SPEED_LATENTS))
    codes += rng.standard_normal(codes.shape)
    table = make_table(codes, factors, factor_kinds=["discrete"] * len(SPEED_LEVELS))
    begun = time.process_time()
    measure(table)
    return round(time.process_time() - begun, 2)


def as_text(row: dict[str, Any]) -> str:
    parts = [f"{row['levels']:>7} {row['images']:>7,}"]
    for name in SCORES:
        values = row[name]
        parts.append(f"{values['true']:.3f} {values['estimate']:.3f} {values['permuted']:.3f}")
    return "  |  ".join(parts)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--noise", type=float, default=0.05)
    parser.add_argument("--draws", type=int, default=3)
    parser.add_argument("--speed", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    document: dict[str, Any] = {**machine(), "rows": []}
    if not options.json:
        print(f" levels  images  |  {'  |  '.join(f'{name:17}' for name in SCORES)}")
    with threadpool_limits(1):
        for num_levels in LEVELS:
            for num in IMAGES:
                row = cell(num_levels, num, options.noise, options.draws)
                document["rows"].append(row)
                if not options.json:
                    print(as_text(row), flush=True)
        if options.speed:
            document["processor_seconds"] = seconds()
    if options.json:
        print(json.dumps(document, indent=2))
        return
    errors = [abs(r[s]["estimate"] - r[s]["true"]) for r in document["rows"] for s in SCORES]
    print(f"largest error {max(errors):.3f}", end="")
    print(f"; {document['processor_seconds']} processor seconds" if options.speed else "")


if __name__ == "__main__":
    main()
