"""Scores of codes whose right answer is known, and how long the metrics take.

    python benchmarks/metrics.py [--speed] [--nulls] [--json]

Without options: a Markdown table of every score for codes made from four factors of 5, 6, 7 and 8
levels, at 5,000 points (3,000 for InfoMEC), and one for codes that are nearly right. `--speed` adds
the processor seconds of each metric at 15,000 points, of which 10,000 train predictors: ten latents
beside factors of 3, 6, 40, 32 and 32 levels, aligned with the axes and rotated. `--nulls` adds the
wall seconds of 100 permutations and 100 rotations of DCI and InfoMEC on 2,000 of those points, in
two processes.
"""

import argparse
import time
from typing import Any

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from common import machine, show
from unknot.metrics import HEADLINE, KEYS, METRICS, NullSettings, score
from unknot.metrics.inputs import make_table
from unknot.metrics.registry import load_metric

FloatArray = NDArray[np.float64]

LEVELS, NUM, NUM_INFOMEC = (5, 6, 7, 8), 5_000, 3_000
SPEED_LEVELS, SPEED_NUM = (3, 6, 40, 32, 32), 15_000
DRAWS, NULL_POINTS, WORKERS = 100, 2_000, 2


def known_codes(num: int) -> tuple[FloatArray, dict[str, FloatArray]]:
    """Draw four uniform factors, and make codes of them."""
    rng = np.random.default_rng(0)
    factors = np.stack([rng.integers(level, size=num) for level in LEVELS], 1).astype(float)
    levels = np.array(LEVELS)
    perfect = (factors - (levels - 1) / 2) / np.sqrt((levels**2 - 1) / 12)
    turn = np.kron(np.eye(2), [[1, -1], [1, 1]]) / np.sqrt(2)
    generic = np.linalg.qr(np.random.RandomState(3).randn(4, 4))[0]
    noise = rng.standard_normal((num, 6))
    return factors, {
        "perfect": perfect,
        "permuted, signs flipped, scaled": perfect[:, [2, 0, 3, 1]] * [-1, 2, 0.5, -3],
        "+ 6 constant dimensions": np.hstack([perfect, np.zeros((num, 6))]),
        "+ 6 unit-noise dimensions": np.hstack([perfect, noise]),
        "every dimension twice": np.hstack([perfect, perfect]),
        "rotated 45 degrees in pairs": perfect @ turn,
        "generic rotation": perfect @ generic,
        "folded, absolute value": np.abs(perfect),
        "two factors, two of noise": np.hstack([perfect[:, :2], noise[:, :2]]),
        "independent noise": noise[:, :4],
        "collapsed, all zero": np.zeros((num, 4)),
    }


def invariants() -> dict[str, dict[str, float]]:
    """Compute every score of all codes."""
    rows: dict[str, dict[str, float]] = {}
    for num, names in ((NUM, [m for m in METRICS if m != "infomec"]), (NUM_INFOMEC, ["infomec"])):
        factors, codes = known_codes(num)
        for code, z in codes.items():
            rows.setdefault(code, {}).update(scores_of(z, factors, names))
    return rows


def scores_of(codes: FloatArray, factors: FloatArray, names: list[str]) -> dict[str, float]:
    """Compute values by key, without nulls and intervals."""
    table = make_table(codes, factors)
    return {key: r.value for name in names for key, r in load_metric(name)(table).items()}


def near_perfect() -> dict[str, dict[str, float]]:
    """Compute scores of codes that a reader would call right, where some fall below 1 all the same.

    Two normal variables that correlate by 0.9, cut into eight levels each and given as the codes;
    three factors of 3, 6 and 40 levels and their values with noise; the same with the first
    factor's levels numbered in another order.
    """
    rng = np.random.default_rng(0)
    both = rng.multivariate_normal([0, 0], [[1, 0.9], [0.9, 1]], NUM)
    octiles = np.quantile(both, np.arange(1, 8) / 8, axis=0)
    pair = np.stack([np.digitize(both[:, i], octiles[:, i]) for i in range(2)], 1).astype(float)
    three = np.stack([rng.integers(level, size=NUM) for level in (3, 6, 40)], 1).astype(float)
    standard = (three - three.mean(0)) / three.std(0)
    noisy = standard + 0.1 * rng.standard_normal(three.shape)
    renumbered = three.copy()
    renumbered[:, 0] = np.array([0, 2, 1])[three[:, 0].astype(int)]
    cases = {
        "perfect, factors correlate by 0.9": (pair, pair),
        "3, 6, 40 levels, noise of 0.001": (standard + (noisy - standard) / 100, three),
        "3, 6, 40 levels, noise of 0.1": (noisy, three),
        "the same, first factor numbered 0, 2, 1": (noisy, renumbered),
    }
    return {name: scores_of(*case, list(METRICS)) for name, case in cases.items()}


def as_markdown(rows: dict[str, dict[str, float]]) -> str:
    """Write a row for each of the codes, a column for each score."""
    lines = ["| codes | " + " | ".join(KEYS) + " |", "|---" * (len(KEYS) + 1) + "|"]
    for code, scores in rows.items():
        lines.append(f"| {code} | " + " | ".join(f"{scores[key]:.2f}" for key in KEYS) + " |")
    return "\n".join(lines)


def speed_codes() -> tuple[FloatArray, dict[str, FloatArray]]:
    """Make ten latents of a data set like dSprites: aligned with its factors, and rotated."""
    rng = np.random.default_rng(0)
    factors = np.stack([rng.integers(level, size=SPEED_NUM) for level in SPEED_LEVELS], 1)
    standard = (factors - factors.mean(0)) / factors.std(0)
    aligned = np.hstack([standard, rng.standard_normal(standard.shape)])
    aligned += 0.1 * rng.standard_normal(aligned.shape)
    rotation = np.linalg.qr(rng.standard_normal((10, 10)))[0]
    return factors.astype(float), {"aligned": aligned, "rotated": aligned @ rotation}


def seconds() -> dict[str, dict[str, float]]:
    """Measure the processor seconds of each metric, in one thread."""
    factors, codes = speed_codes()
    rows: dict[str, dict[str, float]] = {}
    for code, z in codes.items():
        table, spent = make_table(z, factors), {}
        with threadpool_limits(1):
            for name in METRICS:
                compute = load_metric(name)
                begun = time.process_time()
                compute(table)
                spent[name] = round(time.process_time() - begun, 2)
        rows[code] = spent | {"all": round(sum(spent.values()), 2)}
    return rows


def null_seconds() -> dict[str, float]:
    """Measure wall seconds of the headline pair's nulls: `score`, less the same without nulls."""
    factors, codes = speed_codes()
    difference = {}
    for code, z in codes.items():
        taken = []
        for draws in (0, DRAWS):
            nulls = NullSettings(
                permutations=draws, rotations=draws, subsamples=0, max_points=NULL_POINTS
            )
            begun = time.perf_counter()
            score(z, factors, metrics=HEADLINE, nulls=nulls, workers=WORKERS)
            taken.append(time.perf_counter() - begun)
        difference[code] = round(taken[1] - taken[0], 1)
    return difference


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    for flag in ("speed", "nulls", "json"):
        parser.add_argument(f"--{flag}", action="store_true")
    options = parser.parse_args()
    tables = {"scores": invariants(), "near_perfect": near_perfect()}
    document: dict[str, Any] = {}
    if options.speed:
        document["processor_seconds"] = seconds()
    if options.nulls:
        document["null_wall_seconds"] = null_seconds()
    if options.json:
        show({**machine(), **tables, **document}, as_json=True)
        return
    print("\n\n".join(map(as_markdown, tables.values())))
    if document:
        print()
        show({**machine(), **document}, as_json=False)


if __name__ == "__main__":
    main()
