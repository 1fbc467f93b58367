"""Models of a few lines and codes made by hand, for tests of the blind test."""

import numpy as np
from numpy.typing import NDArray

from unknot.report.blind.codes import BlindCodes

LATENT_DIM, NUM_TEST = 4, 60


def decode(codes: NDArray[np.float64]) -> NDArray[np.float64]:
    """A decoder that bends: each latent brightens a quarter of the picture, the later the less."""
    size = 60 / (1 + np.arange(codes.shape[1]))
    return np.repeat(128 + size * np.tanh(codes / 2), 4, axis=1)


def made_codes(num_active: int = LATENT_DIM, *, seed: int = 0, num: int = NUM_TEST) -> BlindCodes:
    """Correlated normal codes of four latents; those beyond the active ones are still."""
    rng = np.random.default_rng(seed)
    mean = rng.standard_normal((num, LATENT_DIM)) @ (np.eye(LATENT_DIM) + 0.3)
    mean[:, num_active:] = 0
    return BlindCodes(
        mean=mean,
        images=np.arange(100, 100 + num),
        active=np.arange(num_active),
        spare=np.arange(8, 28),
    )
