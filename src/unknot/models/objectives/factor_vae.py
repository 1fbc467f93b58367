"""The FactorVAE."""

import math
from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor, nn

from unknot.common.errors import UserError
from unknot.models.density_ratio import (
    build_discriminator,
    classification_loss,
    log_density_ratio,
    permute_latents,
)
from unknot.models.objectives import AdamSettings, Loss, StepContext, check_batch_size
from unknot.models.vae import Terms


@dataclass(frozen=True)
class FactorVAE:
    """The VAE's loss and the total correlation of the codes, as a discriminator estimates it.

    `distortion + rate + beta * total_correlation`, Kim and Mnih 2018, equation 2, with the sign of
    a loss. The total correlation is the mean log density ratio of the batch's codes; see
    `unknot.models.density_ratio`. At each step the discriminator learns from these codes and from
    those of as many other images, whose latents are permuted (algorithm 1).

    The run's beta is the paper's gamma: it multiplies the total correlation, never the rate, whose
    weight is 1. `beta_warmup` lets it rise from 0.

    Attributes:
        hidden_units: of each hidden layer of the discriminator.
        hidden_layers: of the discriminator.
        discriminator_learning_rate: of its Adam, the same at every step.
    """

    needs_whole_batch: ClassVar[bool] = True
    quantities: ClassVar[tuple[str, ...]] = ("total_correlation", "discriminator_loss")
    collapses_by_beta: ClassVar[bool] = False
    larger_beta_is_weaker: ClassVar[bool] = False
    beta_is: ClassVar[str] = (
        "the weight of the total correlation of the latents, which a discriminator estimates"
    )
    hidden_units: int = 1000
    hidden_layers: int = 6
    discriminator_learning_rate: float = 1e-4

    def __post_init__(self) -> None:
        """Check the options."""
        for name in ("hidden_units", "hidden_layers"):
            if getattr(self, name) < 1:
                raise UserError(
                    f"{name} of factor_vae is {getattr(self, name)}; it must be at least 1"
                )
        rate = self.discriminator_learning_rate
        if not (math.isfinite(rate) and rate > 0):
            raise UserError(
                f"discriminator_learning_rate of factor_vae is {rate:g}; it must be a finite "
                "number above 0"
            )

    def check(self, beta: float, batch_size: int) -> None:
        """See `Objective.check`."""
        check_batch_size("factor_vae", batch_size, 2)

    def loss(self, terms: Terms, at: StepContext) -> Loss:
        """Nats per image; see `AdversarialObjective.loss`."""
        assert at.adversary, "the discriminator is missing"
        ratio = log_density_ratio(at.adversary, terms.z)
        total_correlation = ratio.mean().to(terms.distortion)
        vae_loss = (terms.distortion + terms.kl.sum(1)).mean()
        return Loss(value=vae_loss + at.beta * total_correlation, quantities=(total_correlation,))

    @property
    def adversary_adam(self) -> AdamSettings:
        """That of Kim and Mnih 2018, appendix A, unless said otherwise."""
        return AdamSettings(learning_rate=self.discriminator_learning_rate, beta1=0.5, beta2=0.9)

    def build_adversary(self, latent_dim: int) -> nn.Module:
        """Build the discriminator."""
        return build_discriminator(latent_dim, self.hidden_units, self.hidden_layers)

    def adversary_loss(self, codes: Tensor, other_codes: Tensor, at: StepContext) -> Tensor:
        """Nats per code; see `AdversarialObjective.adversary_loss`."""
        assert at.adversary, "the discriminator is missing"
        permuted = permute_latents(other_codes, generator=at.generator("permutation of latents"))
        return classification_loss(at.adversary, codes, permuted)
