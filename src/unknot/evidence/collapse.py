"""Which betas can matter: the linear beta-VAE on given images, before any training.

For a linear model with Gaussian pixels the optimum is known: latent i is active if and only if the
i-th eigenvalue of the images exceeds `beta * sigma^2`, and then carries `0.5 ln(eigenvalue /
(beta sigma^2))` nats (Lucas et al. 2019 for beta 1). A convolutional model need not follow it.
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.config.experiment import ExperimentConfig
from unknot.data.image_set import ImageSet
from unknot.data.pca import Spectrum, cached_spectrum
from unknot.models.objectives import objective_type
from unknot.runs.field_types import read_array

NEAR = 3.0  # a beta within this factor of a collapse beta comes near it
MORE_EIGENVALUES = 6  # beyond those of the latents, to show how the spectrum goes on
USUAL_BETAS = (1.0, 4.0, 16.0)  # where no prediction can be made
BELOW_FIRST = (10.0, 3.0)  # how far below the lowest collapse beta betas are suggested


@dataclass(frozen=True)
class Prediction:
    """What a linear model would do at one beta.

    Attributes:
        beta: as it is given to training.
        active: number of active latents.
        rate: nats per image.
        distortion: nats per image, without the constant.
    """

    beta: float
    active: int
    rate: float
    distortion: float


@dataclass(frozen=True)
class ObservedCollapse:
    """What training gave at one beta and seed, beside what a linear model would do there.

    Attributes:
        beta: of the run.
        seed: of the run.
        active: number of active latents.
        predicted_active: the linear model's.
        rate: nats per test image.
        predicted_rate: the linear model's.
        rate_ratio: observed over predicted; None where nothing is predicted.
    """

    beta: float
    seed: int
    active: int
    predicted_active: int
    rate: float
    predicted_rate: float
    rate_ratio: float | None

    def as_dict(self) -> dict[str, Any]:
        """The fields, for a JSON document."""
        return asdict(self)

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "ObservedCollapse":
        """Read back what `as_dict` gave."""
        return cls(**document)


@dataclass(frozen=True, eq=False)
class CollapsePrediction:
    """Which betas matter for given images, by the linear model.

    Attributes:
        latent_dim: latents of the model.
        sigma: standard deviation of the Gaussian pixels.
        eigenvalues: the largest ones of the standardized images.
        collapse_betas: the beta above which each latent collapses, the strongest latent first,
            shape `(latent_dim,)`; 0 for a latent without an eigenvalue of its own, which never is
            active.
        suggested_betas: a grid that spans the range in which something changes.
        total: the sum of all eigenvalues, those that are not listed too.
        num_pixels: values of an image.
        num_images: from which the spectrum was computed.
    """

    latent_dim: int
    sigma: float
    eigenvalues: NDArray[np.float64]
    collapse_betas: NDArray[np.float64]
    suggested_betas: tuple[float, ...]
    total: float
    num_pixels: int
    num_images: int

    def predict(self, beta: float) -> Prediction:
        """Tell what the linear model does at one beta (above 0)."""
        floor = beta * self.sigma**2
        leading = self.eigenvalues[: self.latent_dim]
        active = leading[leading > floor]
        unexplained = self.total - float(active.sum()) + floor * len(active)
        constant = self.num_pixels * float(np.log(self.sigma))
        return Prediction(
            beta=beta,
            active=len(active),
            rate=0.5 * float(np.log(active / floor).sum()),
            distortion=unexplained / (2 * self.sigma**2) + constant,
        )

    def warning(self, betas: Sequence[float]) -> str:
        """Warn of a grid that comes near no collapse beta; an empty string if it does."""
        first = float(self.collapse_betas[-1])
        if not len(betas) or max(betas) * NEAR >= first:
            return ""
        suggested = " ".join(f"{beta:g}" for beta in self.suggested_betas)
        these = "these betas are" if len(betas) > 1 else "this beta is"
        return (
            f"{these} probably too small to matter: on these images a linear model keeps all its "
            f"{self.latent_dim} latents in use below beta {first:.3g}, and your largest is "
            f"{max(betas):g}. Betas that can matter: {suggested}"
        )

    def compare_with_observed(
        self, *, beta: float, seed: int, active: int, rate: float
    ) -> ObservedCollapse:
        """Put what training gave beside what was predicted.

        Args:
            beta: of the run, above 0.
            seed: of the run.
            active: number of its active latents.
            rate: nats per test image.
        """
        linear = self.predict(beta)
        return ObservedCollapse(
            beta=beta,
            seed=seed,
            active=active,
            predicted_active=linear.active,
            rate=rate,
            predicted_rate=linear.rate,
            rate_ratio=rate / linear.rate if linear.rate > 0 else None,
        )

    def as_dict(self, betas: Sequence[float] = ()) -> dict[str, Any]:
        """The fields for a JSON document, with predictions for some betas."""
        return {
            "model": "linear",
            "latent_dim": self.latent_dim,
            "sigma": self.sigma,
            "eigenvalues": self.eigenvalues.tolist(),
            "collapse_betas": self.collapse_betas.tolist(),
            "suggested_betas": list(self.suggested_betas),
            "total": self.total,
            "num_pixels": self.num_pixels,
            "num_images": self.num_images,
            "predictions": [asdict(self.predict(beta)) for beta in betas if beta > 0],
            "warning": self.warning(betas),
        }

    @classmethod
    def from_dict(cls, document: dict[str, Any]) -> "CollapsePrediction":
        """Read back what `as_dict` gave.

        Raises:
            UnfitError: if an array is none.
        """
        num_components, num_latents = len(document["eigenvalues"]), document["latent_dim"]
        return cls(
            latent_dim=document["latent_dim"],
            sigma=document["sigma"],
            eigenvalues=read_array(document, "eigenvalues", (num_components,)),
            collapse_betas=read_array(document, "collapse_betas", (num_latents,)),
            suggested_betas=tuple(document["suggested_betas"]),
            total=document["total"],
            num_pixels=document["num_pixels"],
            num_images=document["num_images"],
        )


def predict_collapse(
    images: ImageSet,
    latent_dim: int = 6,
    *,
    likelihood: str = "gaussian",
    sigma: float = 1.0,
    standardize: str = "per_pixel",
) -> CollapsePrediction:
    """Tell which betas can matter for images, before any training.

    Args:
        images: from `load_images`.
        latent_dim: latents of the model.
        likelihood: must be `gaussian`: for others no such optimum is known.
        sigma: standard deviation of the Gaussian pixels.
        standardize: as for training.

    Raises:
        UserError: for another likelihood.
    """
    if likelihood != "gaussian":
        raise UserError(
            f"likelihood is {likelihood}; at which betas latents collapse can be predicted for "
            "Gaussian pixels of a fixed sigma only"
        )
    spectrum = cached_spectrum(images, latent_dim + MORE_EIGENVALUES, standardize=standardize)
    num_pixels = int(np.prod(images.image_shape))
    return collapse_from_spectrum(spectrum, latent_dim, num_pixels, sigma=sigma)


def collapse_for(
    config: ExperimentConfig, images: ImageSet
) -> tuple[CollapsePrediction | None, str]:
    """Tell which betas can matter for an experiment, or None and why that is not known.

    Args:
        config: the experiment's description.
        images: it is trained on.
    """
    model, objective = config.model, config.training.objective
    kind = objective_type(objective)
    if not kind.collapses_by_beta:
        return None, (
            f"with the objective {objective}, beta is {kind.beta_is}; at which betas latents "
            "collapse can be predicted for the weight of the rate only"
        )
    try:
        prediction = predict_collapse(
            images,
            model.latent_dim,
            likelihood=model.likelihood,
            sigma=model.sigma,
            standardize=model.standardize,
        )
    except UserError as error:
        return None, str(error)
    return prediction, ""


def beta_warning(config: ExperimentConfig, images: ImageSet) -> str:
    """Warn where no beta of an experiment can matter; an empty string where that is not known.

    Args:
        config: the experiment's description.
        images: it is trained on.
    """
    prediction, _ = collapse_for(config, images)
    return prediction.warning(config.betas) if prediction else ""


def suggest_betas(config: ExperimentConfig, images: ImageSet) -> tuple[tuple[float, ...], str]:
    """Suggest betas for an experiment.

    Args:
        config: its description.
        images: it is trained on.

    Returns:
        Betas that can matter on these images, or 1, 4 and 16 and why that is not known.
    """
    prediction, reason = collapse_for(config, images)
    if prediction is None:
        listed = ", ".join(f"{beta:g}" for beta in USUAL_BETAS)
        return (
            USUAL_BETAS,
            f"which betas can matter cannot be predicted ({reason}), so {listed} are tried",
        )
    return prediction.suggested_betas, ""


def collapse_from_spectrum(
    spectrum: Spectrum, latent_dim: int, num_pixels: int, *, sigma: float = 1.0
) -> CollapsePrediction:
    """Read betas off a spectrum.

    Args:
        spectrum: of at least `latent_dim` directions, unless the images have fewer.
        latent_dim: latents of the model.
        num_pixels: values of an image.
        sigma: standard deviation of the Gaussian pixels.
    """
    collapse_betas = np.zeros(latent_dim)
    leading = spectrum.eigenvalues[:latent_dim]
    collapse_betas[: len(leading)] = leading / sigma**2
    return CollapsePrediction(
        latent_dim=latent_dim,
        sigma=sigma,
        eigenvalues=spectrum.eigenvalues,
        collapse_betas=collapse_betas,
        suggested_betas=_suggested(collapse_betas),
        total=spectrum.total,
        num_pixels=num_pixels,
        num_images=spectrum.num_images,
    )


def _suggested(collapse_betas: NDArray[np.float64]) -> tuple[float, ...]:
    """Weak, below the lowest collapse beta, at it, and where half of the latents collapse."""
    positive = collapse_betas[collapse_betas > 0]
    if not len(positive):
        return (1.0,)
    first, half = float(positive[-1]), float(positive[(len(positive) - 1) // 2])
    betas = [min(1.0, first / 100), *(first / factor for factor in BELOW_FIRST), first, half]
    return tuple(sorted({_two_digits(beta) for beta in betas}))


def _two_digits(beta: float) -> float:
    return float(f"{beta:.2g}")
