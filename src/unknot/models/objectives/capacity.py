"""The VAE whose rate follows a capacity that rises during training."""

import math
from dataclasses import dataclass
from typing import ClassVar

import torch

from unknot.common.errors import UserError
from unknot.models.objectives import Loss, StepContext, check_strength
from unknot.models.vae import Terms

RISING_SHARE = 2 / 3  # of a run's steps, unless said otherwise


@dataclass(frozen=True)
class Capacity:
    """The distortion, and a penalty on a rate that is not the capacity of the step.

    `distortion + gamma * |rate - C(step)|`, Burgess et al. 2018, equation 8, where the rate is the
    mean over the whole batch and `C(step) = beta * min(1, step / rising_steps)`.

    The run's beta is the final capacity in nats: the paper's C, `--betas 5 10 25`. A larger one
    lets more information through, the other way round than a beta-VAE's beta. While `beta_warmup`
    lasts the final capacity itself rises from 0, so that C(step) is the product of both rises.
    C(step) depends on nothing but the step; training that is continued with more steps has
    another C(step), unless `rising_steps` is given.

    Attributes:
        gamma: of the penalty; 1000 in the paper, 100 in some re-implementations.
        rising_steps: updates until the capacity is the final one (100,000 in the paper); 0 for two
            thirds of the run, so that the last third is trained and validated at one loss.
    """

    needs_whole_batch: ClassVar[bool] = True
    quantities: ClassVar[tuple[str, ...]] = ("capacity",)
    collapses_by_beta: ClassVar[bool] = False
    larger_beta_is_weaker: ClassVar[bool] = True
    beta_is: ClassVar[str] = (
        "the nats that the rate is held at, so that a larger beta lets more through"
    )
    gamma: float = 1000.0
    rising_steps: int = 0

    def __post_init__(self) -> None:
        """Check the options."""
        check_strength("gamma of capacity", self.gamma)
        if self.rising_steps < 0:
            raise UserError(
                f"rising_steps of capacity is {self.rising_steps}; it must be a number of steps, "
                "or 0 for two thirds of the run"
            )

    def check(self, beta: float, batch_size: int) -> None:
        """Every beta and batch fits; see `Objective.check`."""

    def loss(self, terms: Terms, at: StepContext) -> Loss:
        """Nats per image; see `Objective.loss`."""
        rising_steps = self.rising_steps or math.ceil(RISING_SHARE * at.num_steps)
        capacity = at.beta * min(1.0, at.step / rising_steps)
        rate = terms.kl.sum(1).mean()
        return Loss(
            value=terms.distortion.mean() + self.gamma * (rate - capacity).abs(),
            quantities=(torch.full_like(rate, capacity),),
        )
