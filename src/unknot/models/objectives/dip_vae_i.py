"""The DIP-VAE-I."""

from dataclasses import dataclass
from typing import ClassVar

from unknot.models.covariance_penalty import batch_covariance, covariance_penalty
from unknot.models.objectives import Loss, StepContext, check_batch_size, check_strength
from unknot.models.vae import Terms


@dataclass(frozen=True)
class DIPVAEI:
    """The VAE's loss and a penalty on the covariance of the posterior means.

    `distortion + rate + beta * (sum_{i != j} C_ij^2 + diagonal * sum_i (C_ii - 1)^2)`, Kumar et
    al. 2018, equation 6. C is the covariance over the batch, divided by its size.

    The run's beta is the paper's lambda_od: it multiplies the whole penalty, never the rate, whose
    weight is 1. `beta_warmup` lets the penalty rise from 0.

    Attributes:
        diagonal: the paper's lambda_d as a multiple of lambda_od.
    """

    needs_whole_batch: ClassVar[bool] = True
    quantities: ClassVar[tuple[str, ...]] = ("off_diagonal", "diagonal")
    collapses_by_beta: ClassVar[bool] = False
    larger_beta_is_weaker: ClassVar[bool] = False
    beta_is: ClassVar[str] = "the weight of the penalty on the covariance of the posterior means"
    diagonal: float = 10.0

    def __post_init__(self) -> None:
        """Check the option."""
        check_strength("diagonal of dip_vae_i", self.diagonal)

    def check(self, beta: float, batch_size: int) -> None:
        """See `Objective.check`."""
        check_batch_size("dip_vae_i", batch_size, 2)

    def loss(self, terms: Terms, at: StepContext) -> Loss:
        """Nats per image; see `Objective.loss`."""
        penalty = covariance_penalty(batch_covariance(terms.posterior.mean))
        weighted = at.beta * (penalty.off_diagonal + self.diagonal * penalty.diagonal)
        vae_loss = (terms.distortion + terms.kl.sum(1)).mean()
        return Loss(value=vae_loss + weighted, quantities=tuple(penalty))
