"""How often the blind test says yes: to readers who guess, and to readers who see it.

    python benchmarks/blind.py [--readers 2000] [--json]

For tests of 8 to 20 trials: the share of simulated readers whose exact one-sided p is at most .05,
among those who answer at random, and who are right in 75% and 90% of the trials; the same of pools
of three and ten such readers; the p-value of a reader who is right every time; and of a preference
between two betas, two-sided, at random. Shares have a standard error of at most 1.1% of 2,000.
"""

import argparse
from typing import Any

import numpy as np

from common import machine, show
from unknot.report.blind.pooling import count
from unknot.report.blind.trials import BETAS, LATENTS, Kind

NUM_TRIALS = (8, 10, 12, 15, 16, 20)
RIGHT = (0.5, 0.75, 0.9)
POOLED = (1, 3, 10)
LEVEL = 0.05


def share_that_passes(
    kind: Kind, num_trials: int, right: float, num_readers: int, num_tests: int
) -> float:
    """Simulate pools of readers, each of whom takes the whole test."""
    rng = np.random.default_rng([num_trials, int(100 * right), num_readers, *kind.encode()])
    num = num_trials * num_readers
    p_values = [count(kind, "", k, num).p_value for k in range(num + 1)]
    chosen = (rng.random((num_tests, num)) < right).sum(1)
    return float((np.array(p_values)[chosen] <= LEVEL).mean())


def measure(num_tests: int) -> dict[str, Any]:
    """Simulate every size of test."""
    rows = {}
    for num in NUM_TRIALS:
        rows[f"{num} trials"] = {
            "p of perfect answers": float(f"{count(LATENTS, '', num, num).p_value:.2g}"),
            "two betas, guessed": share_that_passes(BETAS, num, 0.5, 1, num_tests),
        } | {
            f"{readers} readers, right in {right:.0%}": share_that_passes(
                LATENTS, num, right, readers, num_tests
            )
            for readers in POOLED
            for right in RIGHT
        }
    return rows


def main() -> None:
    """Measure and show."""
    parser = argparse.ArgumentParser(description="Size and power of the blind test.")
    parser.add_argument("--readers", type=int, default=2_000)
    parser.add_argument("--json", action="store_true")
    given = parser.parse_args()
    show({**machine(), **measure(given.readers)}, given.json)


if __name__ == "__main__":
    main()
