"""How well a fitted tail tells how seldom rotations of codes are as selective as that.

    python benchmarks/label_tails.py [--rotations 20000] [--json]

Codes of 4, 6 and 10 latents follow the factors of built-in faces or are noise. The selectivity of
many rotations is held against tails that were fitted to 1,000 of them, ten times: how many times as
many rotations as there should be have a p-value of 1%, .1% and .03% by the gamma tail of
`RotationTest.skewed_tail_p_value`, and by a normal tail.
"""

import argparse
from typing import Any

import numpy as np
from numpy.typing import NDArray

from common import machine, show
from unknot.data.load import load_images
from unknot.evidence.label_effects import read_labels
from unknot.evidence.rotation_null import rotated_selectivities
from unknot.evidence.rotation_test import gamma_tail, whiten_symmetrically

LEVELS = (0.01, 0.001, 0.0003)
FITTED, REPEATS, AT_ONCE = 1_000, 10, 500


def shares(draws: NDArray[np.float64], rng: np.random.Generator) -> dict[str, list[float]]:
    """Cases over those that there should be, for each level: lowest, median and highest."""
    found: dict[str, list[list[float]]] = {"gamma": [], "normal": []}
    for _ in range(REPEATS):
        fitted = rng.choice(draws, FITTED, replace=False)
        mean, std = fitted.mean(), fitted.std()
        skew = float((((fitted - mean) / std) ** 3).mean())
        for name, of_tail in (("gamma", skew), ("normal", 0.0)):
            p_values = np.array([gamma_tail(z, of_tail) for z in (draws - mean) / std])
            found[name].append([float((p_values <= level).mean() / level) for level in LEVELS])
    return {
        f"{name} at {level:.2%}": [round(float(f(column)), 2) for f in (np.min, np.median, np.max)]
        for name, rows in found.items()
        for level, column in zip(LEVELS, np.transpose(rows))
    }


def measured(rotations: int) -> dict[str, Any]:
    """The shares of every kind of codes."""
    rng = np.random.default_rng(0)
    labels = load_images("faces", num=1000, size=32).labels
    factors = read_labels(labels.factors, labels.factor_names).factors
    scaled = (labels.factors - labels.factors.mean(0)) / labels.factors.std(0)
    found = {}
    for dim in (4, 6, 10):
        noise = rng.standard_normal((len(scaled), dim))
        following = noise * 0.7
        following[:, : scaled.shape[1]] += scaled[:, :dim]
        for name, codes in (("following", following), ("noise", noise)):
            white = whiten_symmetrically(codes)
            parts = [
                rotated_selectivities(white, factors, AT_ONCE, rng)
                for _ in range(rotations // AT_ONCE)
            ]
            for tail, values in shares(np.concatenate(parts), rng).items():
                found[f"{name}, {dim} latents, {tail}"] = values
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rotations", type=int, default=20_000)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    show({**machine(), **measured(options.rotations)}, options.json)


if __name__ == "__main__":
    main()
