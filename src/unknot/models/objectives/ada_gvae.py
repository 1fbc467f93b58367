"""The AdaGVAE, which learns from pairs of images that have something in common."""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from unknot.common.errors import UserError
from unknot.models.objectives import Loss, StepContext
from unknot.models.vae import Posterior, Terms


@dataclass(frozen=True)
class AdaGVAE:
    """The beta-VAE's loss of pairs, whose codes are averaged in the latents that they share.

    `distortion_1 + distortion_2 + beta * (rate_1 + rate_2)`, Locatello et al. 2020, section 4, as
    the mean over the images of the batch: without a shared latent it equals the beta-VAE's. Image i
    of the first half of a batch and image i of the second are partners; `adapt` says which latents
    they share. Codes are sampled, and the rate is taken, from the averaged posteriors.

    Only training sees pairs. Validation images are evaluated one by one with their own posteriors,
    as codes and scores are: the loss on them is the beta-VAE's of this model, and comparable.

    The run's beta is the weight of the rate. At which betas latents collapse is not predicted: the
    linear model from which that would follow averages nothing.

    Attributes:
        differ: in how many factors partners differ, where they are chosen by factors; 0 draws the
            number for each pair, from 1 to one less than all, the paper's `k = Rnd`.
    """

    needs_whole_batch: ClassVar[bool] = True
    quantities: ClassVar[tuple[str, ...]] = ("shared_latents",)
    collapses_by_beta: ClassVar[bool] = False
    larger_beta_is_weaker: ClassVar[bool] = False
    beta_is: ClassVar[str] = (
        "the weight of the rate, of codes that are averaged over two images where these look alike"
    )
    differ: int = 0

    def __post_init__(self) -> None:
        """Check the option."""
        if self.differ < 0:
            raise UserError(
                f"differ of ada_gvae is {self.differ}; it must be a number of factors, or 0 for "
                "another number in each pair"
            )

    def check(self, beta: float, batch_size: int) -> None:
        """See `Objective.check`."""
        if batch_size < 2 or batch_size % 2:
            raise UserError(
                f"batch_size is {batch_size}; the objective ada_gvae trains on pairs of images and "
                "needs an even number of at least 2"
            )

    def adapt(self, posterior: Posterior) -> Posterior:
        """Average what partners share: means, and variances; see `PairObjective.adapt`."""
        (mean, other_mean), (logvar, other_logvar) = (part.chunk(2) for part in posterior)
        shared = shared_latents(Posterior(mean, logvar), Posterior(other_mean, other_logvar))
        shared = torch.cat([shared, shared])
        average = (mean + other_mean) / 2
        log_average = torch.logaddexp(logvar, other_logvar) - math.log(2)  # of the variances
        return Posterior(
            mean=torch.where(shared, average.repeat(2, 1), posterior.mean),
            logvar=torch.where(shared, log_average.repeat(2, 1), posterior.logvar),
        )

    def loss(self, terms: Terms, at: StepContext) -> Loss:
        """Nats per image; see `Objective.loss`."""
        return Loss(
            value=(terms.distortion + at.beta * terms.kl.sum(1)).mean(),
            quantities=(_num_shared(terms.posterior),),
        )


@torch.no_grad()
def shared_latents(first: Posterior, second: Posterior) -> Tensor:
    """Find the latents in which two images look alike: no gradient passes through the choice.

    Latent i is shared where `KL(q(z_i|x_1) || q(z_i|x_2))` is below the middle of its smallest and
    its largest value over the latents of the pair (Locatello et al. 2020, section 4, in the paper's
    direction). The largest is never below, so that at least one latent is not shared; where all are
    equal, as with one latent, none is.

    Args:
        first: of one image of each pair; both `(num_pairs, latent_dim)`.
        second: of the other.

    Returns:
        True where it is shared, shape `(num_pairs, latent_dim)`.
    """
    log_ratio = first.logvar - second.logvar
    distance = (first.mean - second.mean).square() / second.logvar.exp()
    divergence = 0.5 * (log_ratio.exp() + distance - 1 - log_ratio)
    smallest, largest = divergence.aminmax(dim=1, keepdim=True)
    return divergence < (smallest + largest) / 2


@torch.no_grad()
def _num_shared(posterior: Posterior) -> Tensor:
    """How many latents a pair shares on average: those with one posterior for both images."""
    num_pairs = len(posterior.mean) // 2
    equal = [part[:num_pairs] == part[num_pairs : 2 * num_pairs] for part in posterior]
    return (equal[0] & equal[1]).sum(1).to(posterior.mean.dtype).mean()
