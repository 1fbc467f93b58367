"""An objective's own network, while it is trained against the model."""

import torch
from torch import Tensor

from unknot.common.randomness import derive_seed
from unknot.models.gaussian import reparameterize
from unknot.models.layers import set_up_layers
from unknot.models.objectives import AdversarialObjective, Objective, StepContext
from unknot.models.vae import VAE
from unknot.training.batches import Batch
from unknot.training.optimizers import Adam


class Adversary:
    """Trains an objective's own network, by an Adam of its own.

    Its layers compute in the model's precision while it learns, and in single precision while the
    model learns from it.

    Args:
        objective: whose network it is.
        latent_dim: number of latents.
        seed: of the run; gives the network's first weights and changes none of the model's.
        device: the model's.
        precision: of the model's large layers.

    Attributes:
        network: in evaluation mode.
        optimizer: of its parameters.
    """

    def __init__(
        self,
        objective: AdversarialObjective,
        latent_dim: int,
        *,
        seed: int,
        device: torch.device,
        precision: str,
    ) -> None:
        assert objective.needs_whole_batch, "an adversary learns from whole batches"
        self._objective, self._adam = objective, objective.adversary_adam
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(derive_seed(seed, "adversary"))
            network = objective.build_adversary(latent_dim)
        self.network = network.to(device).eval()
        set_up_layers(self.network, dtype=torch.bfloat16 if precision == "bfloat16" else None)
        self.optimizer = Adam(
            self.network.parameters(), self._adam.beta1, self._adam.beta2, fused=True
        )

    def compute_gradients(self, codes: Tensor, other_codes: Tensor, at: StepContext) -> Tensor:
        """Leave the gradients of a step in the network's parameters, and nowhere else.

        Args:
            codes: of the step's batch, `(batch, latent_dim)`.
            other_codes: of other images, without a gradient, same shape.
            at: the step.

        Returns:
            The network's loss, a scalar.
        """
        self.network.train()
        loss = self._objective.adversary_loss(codes.detach(), other_codes, at)
        self.network.zero_grad(set_to_none=True)
        loss.backward()
        self.network.eval()
        return loss.detach()

    def update(self, count: int) -> None:
        """Update the network by the gradients of the last step.

        Args:
            count: updates with this one, from 1.
        """
        self.optimizer.step(self._adam.learning_rate, count)


def start_adversary(
    objective: Objective, latent_dim: int, *, seed: int, device: torch.device, precision: str
) -> Adversary | None:
    """Build an objective's adversary; None if it has none.

    Args:
        objective: of the run.
        latent_dim: number of latents.
        seed: of the run.
        device: the model's.
        precision: of the model's large layers.
    """
    if not isinstance(objective, AdversarialObjective):
        return None
    return Adversary(objective, latent_dim, seed=seed, device=device, precision=precision)


@torch.no_grad()
def sample_codes(model: VAE, batch: Batch) -> Tensor:
    """Sample the posteriors of a batch without a gradient, shape `(batch, latent_dim)`."""
    return reparameterize(*model.encode(model.standardize(batch.pixels)), batch.noise)
