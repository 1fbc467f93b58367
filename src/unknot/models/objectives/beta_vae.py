"""The beta-VAE."""

from dataclasses import dataclass
from typing import ClassVar

from unknot.models.objectives import Loss, StepContext
from unknot.models.vae import Terms


@dataclass(frozen=True)
class BetaVAE:
    """The beta-VAE's loss, `distortion + beta * rate`, averaged over the batch.

    Higgins et al. 2017, equation 4, with the sign of a loss. Beta multiplies the rate, which is
    summed over latents, where the distortion is summed over pixels.
    """

    needs_whole_batch: ClassVar[bool] = False
    quantities: ClassVar[tuple[str, ...]] = ()
    collapses_by_beta: ClassVar[bool] = True
    larger_beta_is_weaker: ClassVar[bool] = False
    beta_is: ClassVar[str] = "the weight of the rate"

    def check(self, beta: float, batch_size: int) -> None:
        """Every beta and batch fits; see `Objective.check`."""

    def loss(self, terms: Terms, at: StepContext) -> Loss:
        """Nats per image; see `Objective.loss`."""
        return Loss((terms.distortion + at.beta * terms.kl.sum(1)).mean())
