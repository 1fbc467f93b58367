"""Which betas can matter: the linear beta-VAE on given images, before any training.

For a linear model with Gaussian pixels the optimum is known: latent i is in use if and only if the
i-th eigenvalue of the images exceeds `beta * sigma^2`, and then carries `0.5 ln(eigenvalue /
(beta sigma^2))` nats (Lucas et al. 2019 for beta 1). A convolutional model need not follow it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.data.image_set import ImageSet
from unknot.errors import UserError
from unknot.evidence.spectrum import Spectrum, kept_spectrum

NEAR = 3.0  # a beta within this factor of a switch-off comes near it
MORE = 6  # eigenvalues beyond those of the latents, to show how the spectrum goes on
WEAK = (10.0, 3.0)  # how far below the first switch-off the proposed grid begins


@dataclass(frozen=True)
class Prediction:
    """What a linear model would do at one beta.

    Attributes:
        beta: as it is given to training.
        active: latents in use.
        rate: nats per image.
        distortion: nats per image, without the constant.
    """

    beta: float
    active: int
    rate: float
    distortion: float


@dataclass(frozen=True)
class Guide:
    """Which betas matter for given images, by the linear model.

    Attributes:
        latent_dim: latents of the model.
        sigma: of the Gaussian pixels.
        eigenvalues: the largest ones of the standardised images.
        switch_off: the beta at which each latent goes out of use, the strongest latent first, shape
            `(latent_dim,)`; a latent without an eigenvalue of its own never is in use: 0.
        proposed: a grid that spans the range in which something changes.
        num_images: from which the spectrum was computed.
    """

    latent_dim: int
    sigma: float
    eigenvalues: NDArray[np.float64]
    switch_off: NDArray[np.float64]
    proposed: tuple[float, ...]
    total: float
    num_pixels: int
    num_images: int

    def predict(self, beta: float) -> Prediction:
        """The linear model at one beta (above 0)."""
        floor = beta * self.sigma**2
        kept = self.eigenvalues[: self.latent_dim]
        kept = kept[kept > floor]
        rate = 0.5 * float(np.log(kept / floor).sum())
        left = self.total - float(kept.sum()) + floor * len(kept)
        constant = self.num_pixels * float(np.log(self.sigma))
        return Prediction(beta, len(kept), rate, left / (2 * self.sigma**2) + constant)

    def warning(self, betas: Sequence[float]) -> str:
        """What to say of a grid that comes near no switch-off; empty if it does."""
        first = float(self.switch_off[-1])
        if not len(betas) or max(betas) * NEAR >= first:
            return ""
        proposed = " ".join(f"{beta:g}" for beta in self.proposed)
        return (
            f"a linear model with {self.latent_dim} latents keeps all of them below beta "
            f"{first:.3g}; your largest is {max(betas):g}. Consider --betas {proposed}"
        )

    def beside(self, observed: Sequence[tuple[float, int, int, float]]) -> list[dict[str, Any]]:
        """What was predicted beside what came of training.

        Args:
            observed: beta, seed, active latents and rate of each run.
        """
        rows: list[dict[str, Any]] = []
        for beta, seed, active, rate in observed:
            if beta > 0:
                linear = self.predict(beta)
                ratio = rate / linear.rate if linear.rate > 0 else None
                rows.append(
                    {
                        **{"beta": beta, "seed": seed},
                        **{"active": active, "predicted_active": linear.active},
                        **{"rate": rate, "predicted_rate": linear.rate, "rate_ratio": ratio},
                    }
                )
        return rows

    def as_dict(self, betas: Sequence[float]) -> dict[str, Any]:
        """For a JSON document, with predictions for some betas."""
        return {
            "model": "linear",
            "latent_dim": self.latent_dim,
            "sigma": self.sigma,
            "eigenvalues": self.eigenvalues.tolist(),
            "switch_off": self.switch_off.tolist(),
            "proposed": list(self.proposed),
            "num_images": self.num_images,
            "predictions": [vars(self.predict(beta)) for beta in betas if beta > 0],
            "warning": self.warning(betas),
        }


def guide(
    images: ImageSet,
    latent_dim: int = 6,
    *,
    likelihood: str = "gaussian",
    sigma: float = 1.0,
    standardize: str = "per_pixel",
) -> Guide:
    """Tell which betas can matter for images, before any training.

    Args:
        images: from `load_images`.
        latent_dim: latents of the model.
        likelihood: must be `gaussian`: for others no such optimum is known.
        sigma: of the Gaussian pixels.
        standardize: as for training.

    Raises:
        UserError: for another likelihood.
    """
    if likelihood != "gaussian":
        raise UserError(
            f"likelihood is {likelihood}; the guide knows Gaussian pixels of a fixed sigma only"
        )
    found = kept_spectrum(images, latent_dim + MORE, standardize=standardize)
    size = int(np.prod(images.image_shape))
    return make_guide(found, latent_dim, size, sigma=sigma)


def make_guide(found: Spectrum, latent_dim: int, num_pixels: int, *, sigma: float = 1.0) -> Guide:
    """Read betas off a spectrum.

    Args:
        found: of at least `latent_dim` directions, unless the images have fewer.
        latent_dim: latents of the model.
        num_pixels: values of an image.
        sigma: of the Gaussian pixels.
    """
    switch_off = np.zeros(latent_dim)
    leading = found.eigenvalues[:latent_dim]
    switch_off[: len(leading)] = leading / sigma**2
    return Guide(
        latent_dim,
        sigma,
        found.eigenvalues,
        switch_off,
        _proposed(switch_off),
        found.total,
        num_pixels,
        found.num_images,
    )


def _proposed(switch_off: NDArray[np.float64]) -> tuple[float, ...]:
    """Weak, weaker than the first switch-off, at it, and where half of the latents are off."""
    inside = switch_off[switch_off > 0]
    if not len(inside):
        return (1.0,)
    first, half = float(inside[-1]), float(inside[(len(inside) - 1) // 2])
    start = min(1.0, first / 100)
    wanted = [start, *(first / weak for weak in WEAK), first, half]
    return tuple(sorted({_rounded(beta) for beta in wanted}))


def _rounded(beta: float) -> float:
    """To two digits."""
    return float(f"{beta:.2g}")
