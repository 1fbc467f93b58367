"""What is minimized: one objective a file, named in `OBJECTIVES`.

An entry is a frozen dataclass with the attributes of `Objective`; its fields, each with a default,
are its options, which a user sets in the table `[training.objective_options]`. It sees the terms of
a batch, not its images. One with the methods of `AdversarialObjective` has a network of its own,
and one with those of `PairObjective` learns from pairs of images. A file, and one line here, is all
that a new objective needs.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol, runtime_checkable

from unknot.common.errors import UserError
from unknot.common.plugins import build_plugin, load_plugin

if TYPE_CHECKING:  # the names above must be had without torch
    import torch
    from torch import Tensor, nn

    from unknot.models.vae import Posterior, Terms

OBJECTIVES = {
    "beta_vae": "unknot.models.objectives.beta_vae:BetaVAE",
    "beta_tcvae": "unknot.models.objectives.beta_tcvae:BetaTCVAE",
    "dip_vae_i": "unknot.models.objectives.dip_vae_i:DIPVAEI",
    "dip_vae_ii": "unknot.models.objectives.dip_vae_ii:DIPVAEII",
    "capacity": "unknot.models.objectives.capacity:Capacity",
    "info_vae": "unknot.models.objectives.info_vae:InfoVAE",
    "factor_vae": "unknot.models.objectives.factor_vae:FactorVAE",
    "ada_gvae": "unknot.models.objectives.ada_gvae:AdaGVAE",
}
"""Name -> `module:class`."""


@dataclass(frozen=True)
class StepContext:
    """When and where a loss is asked for.

    Attributes:
        step: updates done before this one.
        num_steps: of the whole run.
        beta: the run's strength at this step, for the beta-VAE the weight of the rate; below the
            run's own while it is warming up.
        num_train: training images.
        seed: of the run.
        adversary: the objective's own network, as it is at this step; None if it has none.
    """

    step: int
    num_steps: int
    beta: float
    num_train: int
    seed: int
    adversary: nn.Module | None = None

    def generator(self, consumer: str) -> torch.Generator:
        """Give a CPU generator that depends on seed, consumer and step alone."""
        from unknot.common.randomness import generator

        return generator(self.seed, f"objective {consumer}", self.step)


class Loss(NamedTuple):
    """What an objective gives.

    Attributes:
        value: nats per image, a scalar.
        quantities: further scalars for the history, in the order of the objective's `quantities`.
    """

    value: Tensor
    quantities: tuple[Tensor, ...] = ()


class Objective(Protocol):
    """What is minimized.

    Attributes:
        needs_whole_batch: whether it is more than a mean over images. A mean may be computed by
            several processes on shares of a batch, or for several runs at once; anything else is
            computed by one process on whole batches.
        quantities: names of the further scalars that `loss` gives, for the training lines of the
            history; none of the names that such a line has already.
        collapses_by_beta: whether the run's beta is the weight of the rate, so that a linear
            model's latents collapse at the betas that `unknot.evidence.collapse` predicts.
        larger_beta_is_weaker: whether a larger beta lets more of an image through, not less.
        beta_is: what the run's beta is, in words that end the sentence "beta is ...".
    """

    needs_whole_batch: ClassVar[bool]
    quantities: ClassVar[tuple[str, ...]]
    collapses_by_beta: ClassVar[bool]
    larger_beta_is_weaker: ClassVar[bool]
    beta_is: ClassVar[str]

    def check(self, beta: float, batch_size: int) -> None:
        """Refuse what it cannot be trained with; asked before training.

        Args:
            beta: of a run, finite and at least 0.
            batch_size: images per step.

        Raises:
            UserError: if one of them does not fit.
        """

    def loss(self, terms: Terms, at: StepContext) -> Loss:
        """Give the loss of a batch.

        Args:
            terms: per image, in nats.
            at: the step.
        """


class AdamSettings(NamedTuple):
    """How an Adam updates (Kingma and Ba 2015, algorithm 1)."""

    learning_rate: float
    beta1: float
    beta2: float


@runtime_checkable
class AdversarialObjective(Objective, Protocol):
    """An objective with a network of its own, which is trained against the model.

    Each step trains both, from the same weights of the two: the model by `loss`, the network, which
    is `adversary` in the context, by `adversary_loss`. Neither loss changes the other's gradients.
    Validation trains nothing.

    `needs_whole_batch` is true. The last of the `quantities` is the network's loss, which is added
    to those that `loss` gives.
    """

    @property
    def adversary_adam(self) -> AdamSettings:
        """How the network is updated, at every step alike."""

    def build_adversary(self, latent_dim: int) -> nn.Module:
        """Build the untrained network, initialized from torch's global generator.

        Args:
            latent_dim: number of latents.
        """

    def adversary_loss(self, codes: Tensor, other_codes: Tensor, at: StepContext) -> Tensor:
        """Give the network's loss, a scalar.

        Args:
            codes: of the step's batch, without a gradient, `(batch, latent_dim)`.
            other_codes: of as many other images, likewise.
            at: the step.
        """


@runtime_checkable
class PairObjective(Protocol):
    """What an objective has besides if it learns from pairs of images.

    Attributes:
        differ: in how many factors partners differ, where they are chosen by factors; 0 for a
            random number.
    """

    differ: int

    def adapt(self, posterior: Posterior) -> Posterior:
        """Give the posteriors of a training batch that codes are sampled from.

        Args:
            posterior: of each image alone; those of the first half of the batch and of the second
                are partners, in this order.
        """


def build_objective(name: str, options: Mapping[str, Any]) -> Objective:
    """Build an objective from its options.

    Args:
        name: in `OBJECTIVES`.
        options: its fields; those left out have their defaults.

    Raises:
        UserError: if there is no such objective or option, or an option has another type.
    """
    objective: Objective = build_plugin("objective", name, OBJECTIVES, options)
    return objective


def objective_type(name: str) -> type[Objective]:
    """Give the class of an objective, which says what it needs and what beta is.

    Args:
        name: in `OBJECTIVES`.

    Raises:
        UserError: if there is no such objective.
    """
    kind: type[Objective] = load_plugin("objective", name, OBJECTIVES)
    return kind


def check_strength(name: str, value: float) -> None:
    """Refuse an option that would reward what it should penalize.

    Args:
        name: of the option and its objective, for the error.
        value: must be finite and at least 0.

    Raises:
        UserError: if it is not.
    """
    if not (math.isfinite(value) and value >= 0):
        raise UserError(f"{name} is {value:g}; it must be a finite number of at least 0")


def check_batch_size(name: str, batch_size: int, least: int) -> None:
    """Refuse a batch that is too small for an objective.

    Args:
        name: of the objective, for the error.
        batch_size: images per step.
        least: that it needs.

    Raises:
        UserError: if the batch is smaller.
    """
    if batch_size < least:
        raise UserError(
            f"batch_size is {batch_size}; the objective {name} compares the images of a batch and "
            f"needs at least {least}"
        )
