"""The beta-TCVAE."""

from dataclasses import dataclass
from typing import ClassVar

from unknot.common.plugins import check_choice
from unknot.models.objectives import Loss, StepContext, check_batch_size, check_strength
from unknot.models.rate_decomposition import ESTIMATORS, decompose_rate
from unknot.models.vae import Terms


@dataclass(frozen=True)
class BetaTCVAE:
    """The rate in three parts, of which the total correlation has a weight of its own.

    `distortion + alpha * mutual_information + beta * total_correlation + gamma *
    dimension_wise_kl`, Chen et al. 2018, equation 4, with the sign of a loss. It is computed as
    `distortion + rate` plus each part times its weight less 1: the parts add up to the rate, whose
    closed form has no noise, so that with three weights of 1 this is the beta-VAE at beta 1.

    The run's beta multiplies the total correlation alone, and `beta_warmup` lets that weight rise
    from 0. The parts are estimated from the batch; N is the number of training images, also on
    validation images. A batch counts as drawn without replacement.

    Attributes:
        alpha: weight of the mutual information between an image and its code.
        gamma: weight of the dimension-wise KL.
        estimator: `exact`, `weighted` or `stratified`; see `unknot.models.rate_decomposition`.
    """

    needs_whole_batch: ClassVar[bool] = True
    quantities: ClassVar[tuple[str, ...]] = (
        "mutual_information",
        "total_correlation",
        "dimension_wise_kl",
    )
    collapses_by_beta: ClassVar[bool] = False
    larger_beta_is_weaker: ClassVar[bool] = False
    beta_is: ClassVar[str] = "the weight of the total correlation of the latents"
    alpha: float = 1.0
    gamma: float = 1.0
    estimator: str = "exact"

    def __post_init__(self) -> None:
        """Check the options."""
        check_strength("alpha of beta_tcvae", self.alpha)
        check_strength("gamma of beta_tcvae", self.gamma)
        check_choice("estimator of beta_tcvae", self.estimator, ESTIMATORS)

    def check(self, beta: float, batch_size: int) -> None:
        """See `Objective.check`."""
        check_batch_size("beta_tcvae", batch_size, 2)

    def loss(self, terms: Terms, at: StepContext) -> Loss:
        """Nats per image; see `Objective.loss`."""
        weights = ESTIMATORS[self.estimator](len(terms.z), at.num_train)
        parts = decompose_rate(terms.z, terms.posterior, weights)
        loss = (
            (terms.distortion + terms.kl.sum(1)).mean()
            + (self.alpha - 1) * parts.mutual_information
            + (at.beta - 1) * parts.total_correlation
            + (self.gamma - 1) * parts.dimension_wise_kl
        )
        return Loss(value=loss, quantities=tuple(parts))
