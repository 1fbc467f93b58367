"""Factors on a grid, and codes of them with known properties."""

import numpy as np

LEVELS = (5, 6, 7, 8)
ROTATION = np.linalg.qr(np.random.RandomState(3).randn(4, 4))[0]
PAIRS = np.kron(np.eye(2), np.array([[1, -1], [1, 1]]) / np.sqrt(2))


def world(
    num: int = 5_000, *, levels: tuple[int, ...] = LEVELS, seed: int = 0
) -> tuple[np.ndarray, np.ndarray]:
    """Independent uniform factors, and the perfect code: each centred, of unit variance."""
    rng = np.random.default_rng(seed)
    factors = np.stack([rng.integers(n, size=num) for n in levels], axis=1).astype(float)
    centres = (np.array(levels) - 1) / 2
    return factors, (factors - centres) / np.sqrt((np.array(levels) ** 2 - 1) / 12)


def codes_of(perfect: np.ndarray, *, seed: int = 1) -> dict[str, np.ndarray]:
    """Every code of the table of invariants."""
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
