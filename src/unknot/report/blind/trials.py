"""The trials of a blind test, and how the page and a reader's code know the test again."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]
Kind = Literal["latents", "betas"]

LATENTS: Kind = "latents"
BETAS: Kind = "betas"
FORMAT = 1  # raised when the same runs give other trials
DIGEST_BYTES = 6
DECIMALS = 3  # of codes
LEAST_CHANGE = 2.0
"""Levels of 0..255: strips that change the picture less look still."""


@dataclass(frozen=True, eq=False)
class Trial:
    """Two strips from one test image, of which a reader chooses one.

    Attributes:
        image: its number among all images.
        latent: that the first strip moves.
        partner: the latent of the other run that the second strip moves; None where the second
            strip goes in a random direction.
        first: ends of the first strip, shape `(2, latent_dim)`.
        second: of the second one.
        change: of the picture, the same along both, as of `mean_changes`.
    """

    image: int
    latent: int
    partner: int | None
    first: FloatArray
    second: FloatArray
    change: float


@dataclass(frozen=True, eq=False)
class BlindTest:
    """What one reader is asked.

    Attributes:
        kind: `latents`, of one run: a latent (first strip) or a random direction (second)? Or
            `betas`, of two runs: which changes fewer things?
        runs: names of the runs that decode the first and the second strip.
        titles: of these runs.
        correlations: of the codes of each latent and its partner, where there are two runs.
        trials: 8 to 20.
        digest: of all that makes the trials, as hexadecimal digits.
    """

    kind: Kind
    runs: tuple[str, str]
    titles: tuple[str, str]
    correlations: dict[tuple[int, int], float]
    trials: Sequence[Trial]
    digest: str

    @property
    def title(self) -> str:
        """What it is about, for a list to choose from."""
        return self.titles[0] if self.kind == LATENTS else " and ".join(self.titles)

    def as_dict(self) -> dict[str, Any]:
        """What the page's script reads."""
        return {
            "kind": self.kind,
            "title": self.title,
            "titles": self.titles,
            "runs": self.runs,
            "digest": self.digest,
            "trials": [
                {
                    "latent": trial.latent,
                    "partner": trial.partner,
                    "strips": [_rounded(trial.first), _rounded(trial.second)],
                }
                for trial in self.trials
            ],
        }


def trials_digest(kind: Kind, seed: int, weights: Sequence[bytes], trials: Sequence[Trial]) -> str:
    """Hash what the trials are made of: numbers that no machine rounds.

    Args:
        kind: of the test.
        seed: of the random directions.
        weights: the files of the models.
        trials: in their order.
    """
    document = [
        FORMAT,
        kind,
        seed,
        [hashlib.sha256(content).hexdigest() for content in weights],
        [[trial.image, trial.latent, trial.partner] for trial in trials],
    ]
    return hashlib.sha256(json.dumps(document).encode()).hexdigest()[: 2 * DIGEST_BYTES]


def _rounded(ends: FloatArray) -> list[list[float]]:
    rounded: list[list[float]] = np.round(ends, DECIMALS).tolist()
    return rounded
