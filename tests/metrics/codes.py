"""Factors on a grid, codes of them with known properties, and the scores of those."""

from functools import cache

import numpy as np

from unknot.metrics import NullSettings, Score, score

LEVELS = (5, 6, 7, 8)
ROTATION = np.linalg.qr(np.random.RandomState(3).randn(4, 4))[0]
PAIRS = np.kron(np.eye(2), np.array([[1, -1], [1, 1]]) / np.sqrt(2))
NO_NULLS = NullSettings(permutations=0, rotations=0, subsamples=0)
NUM_INFOMEC = 3_000  # the mutual information of lattice codes depends on the number of points


def world(
    num: int = 5_000, *, levels: tuple[int, ...] = LEVELS, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Draw independent uniform factors, and the perfect codes: centered, of unit variance."""
    rng = np.random.default_rng(seed)
    factors = np.stack([rng.integers(n, size=num) for n in levels], axis=1).astype(float)
    middles = (np.array(levels) - 1) / 2
    return factors, (factors - middles) / np.sqrt((np.array(levels) ** 2 - 1) / 12)


def codes_of(perfect: np.ndarray, *, seed: int = 1) -> dict[str, np.ndarray]:
    """Make every row of the table of known codes."""
    noise = np.random.default_rng(seed).standard_normal
    num = len(perfect)
    return {
        "perfect": perfect,
        "moved": perfect[:, [2, 0, 3, 1]] * [-1, 2, 0.5, -3],
        "constant": np.hstack([perfect, np.full((num, 6), 0.7)]),
        "noisy": np.hstack([perfect, noise((num, 6))]),
        "doubled": np.hstack([perfect, perfect]),
        "pairs": perfect @ PAIRS,
        "rotated": perfect @ ROTATION,
        "folded": np.abs(perfect),
        "half": np.hstack([perfect[:, :2], noise((num, 2))]),
        "noise": noise((num, 4)),
        "collapsed": np.zeros((num, 4)),
    }


@cache
def scores_of(name: str, seed: int = 0) -> dict[str, Score]:
    """Score known codes, without nulls: 5,000 points, 3,000 for InfoMEC."""
    factors, perfect = world(seed=seed)
    codes = codes_of(perfect, seed=seed + 1)[name]
    few = slice(NUM_INFOMEC)
    infomec = score(codes[few], factors[few], metrics=["infomec"], nulls=NO_NULLS)
    return score(codes, factors, nulls=NO_NULLS) | infomec
