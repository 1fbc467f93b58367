"""The InfoVAE with the maximum mean discrepancy."""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from unknot.common.errors import UserError
from unknot.models.device import send_to_device
from unknot.models.objectives import Loss, StepContext, check_batch_size
from unknot.models.vae import Terms


@dataclass(frozen=True)
class InfoVAE:
    """The rate with a weight of at most 1, and a penalty on codes that are not as the prior.

    `distortion + (1 - alpha) * rate + (alpha + beta - 1) * MMD^2`, Zhao et al. 2019, equation 6,
    with the sign of a loss. MMD^2 compares the batch's samples with as many of the prior; see
    `squared_discrepancy`. At alpha 1 it is the Wasserstein autoencoder of Tolstikhin et al. 2018.

    The run's beta is the paper's lambda: at alpha 0, beta 1 is the VAE, and the discrepancy's
    weight is beta - 1. The squared discrepancy is at most 2 and usually far below, so that it takes
    hundreds to matter beside the distortion of an image. While `beta_warmup` lasts that weight
    rises with beta from the moment it would be above 0; it is never below.

    Attributes:
        alpha: how much of the rate is taken away, at most 1; below 0 the rate weighs more.
    """

    needs_whole_batch: ClassVar[bool] = True
    quantities: ClassVar[tuple[str, ...]] = ("squared_discrepancy",)
    collapses_by_beta: ClassVar[bool] = False
    larger_beta_is_weaker: ClassVar[bool] = False
    beta_is: ClassVar[str] = (
        "lambda: codes unlike the prior are penalized with the weight alpha + beta - 1"
    )
    alpha: float = 0.0

    def __post_init__(self) -> None:
        """Check the option."""
        if not (math.isfinite(self.alpha) and self.alpha <= 1):
            raise UserError(
                f"alpha of info_vae is {self.alpha:g}; it must be a finite number of at most 1, "
                "since the rate is weighted by 1 - alpha"
            )

    def check(self, beta: float, batch_size: int) -> None:
        """See `Objective.check`."""
        if beta < 1 - self.alpha:
            raise UserError(
                f"beta is {beta:g}; with the objective info_vae it is lambda, which must be at "
                f"least 1 - alpha, here {1 - self.alpha:g}: below that, codes unlike the prior "
                "would be rewarded"
            )
        check_batch_size("info_vae", batch_size, 2)

    def loss(self, terms: Terms, at: StepContext) -> Loss:
        """Nats per image; see `Objective.loss`."""
        prior = torch.randn(terms.z.shape, generator=at.generator("samples of the prior"))
        prior = send_to_device(prior.to(terms.z.dtype), terms.z.device)
        discrepancy = squared_discrepancy(terms.z, prior)
        vae_loss = (terms.distortion + (1 - self.alpha) * terms.kl.sum(1)).mean()
        weight = max(0.0, self.alpha + at.beta - 1)
        return Loss(value=vae_loss + weight * discrepancy, quantities=(discrepancy,))


def squared_discrepancy(codes: Tensor, prior: Tensor) -> Tensor:
    """Give the squared maximum mean discrepancy of two samples: 0 where they are equal, at most 2.

    `mean k(a, a') + mean k(b, b') - 2 mean k(a, b)` over all pairs, those of a point with itself
    too (Gretton et al. 2012, equation 5). So it is never negative, and biased: for two samples of
    size B of one distribution its mean is `2 (1 - E k) / B`. The kernel is that of the code of Zhao
    et al., `exp(-|a - b|^2 / latent_dim^2)`.

    Args:
        codes: shape `(batch, latent_dim)`.
        prior: same shape.
    """
    within = _kernel(codes, codes).mean() + _kernel(prior, prior).mean()
    return within - 2 * _kernel(codes, prior).mean()


def _kernel(first: Tensor, second: Tensor) -> Tensor:
    """Of each pair, shape `(batch, batch)`."""
    distances = (first[:, None] - second[None]).square().sum(2)
    return (-distances / first.shape[1] ** 2).exp()
