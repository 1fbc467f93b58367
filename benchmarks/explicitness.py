"""How much InfoMEC's explicitness loses where images are few, and which of that is flagged.

    python benchmarks/explicitness.py [--draws 4] [--json]

One factor, a latent that holds it with noise, and other latents of noise alone. For each number of
levels, latents and images: the mean score, what it is with that one latent and 40,000 images, and
the loss that `expected_overfit` tells, above 0.02 of which the score is flagged. Twelve seconds a
draw.
"""

import argparse
import json
from itertools import product
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from common import machine
from unknot.metrics import score
from unknot.metrics.infomec import MOST_OVERFIT, expected_overfit
from unknot.metrics.settings import NO_NULLS

LEVELS, LATENTS, NOISE = (2, 4, 8, 20), (5, 10, 30), (0.3, 1.0)
IMAGES = (300, 600, 1_000, 2_000, 5_000)
MANY = 40_000
TRAINING_SHARE = 2 / 3


def explicitness(
    num_levels: int, num_latents: int, noise: float, num: int, seed: int
) -> tuple[float, bool]:
    """Score one world; whether it is flagged."""
    rng = np.random.default_rng(seed)
    factor = rng.integers(num_levels, size=num)
    codes = rng.standard_normal((num, num_latents))
    codes[:, 0] = (factor - factor.mean()) / factor.std() + noise * codes[:, 0]
    scores = score(
        codes, factor, metrics=["infomec"], factor_kinds=["discrete"], nulls=NO_NULLS, seed=seed
    )
    result = scores["infomec_explicitness"]
    return result.value, any(flag.startswith("too few images") for flag in result.flags)


def rows(draws: int) -> list[dict[str, Any]]:
    table = []
    for num_levels, noise in product(LEVELS, NOISE):
        true = explicitness(num_levels, 1, noise, MANY, 0)[0]
        for num_latents, num in product(LATENTS, IMAGES):
            drawn = [explicitness(num_levels, num_latents, noise, num, i) for i in range(draws)]
            loss = expected_overfit(
                num_latents, num_levels, np.log(num_levels), round(num * TRAINING_SHARE)
            )
            table.append(
                {
                    "levels": num_levels,
                    "noise": noise,
                    "latents": num_latents,
                    "images": num,
                    "true": round(true, 3),
                    "score": round(float(np.mean([value for value, _ in drawn])), 3),
                    "expected_overfit": round(float(loss), 3),
                    "flagged": all(flagged for _, flagged in drawn),
                }
            )
    return table


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--draws", type=int, default=4)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    with threadpool_limits(1):
        table = rows(options.draws)
    if options.json:
        print(json.dumps({**machine(), "rows": table}, indent=2))
        return
    for row in table:
        print("  ".join(f"{name} {value}" for name, value in row.items()))
    losses = [row["true"] - row["score"] for row in table if not row["flagged"]]
    print(f"most that a score without flag (up to {MOST_OVERFIT}) is too low: {max(losses):.3f}")


if __name__ == "__main__":
    main()
