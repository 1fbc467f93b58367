"""What the steps of one run are computed with: model, batches, objective, optimizer."""

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from unknot.common.randomness import standard_normal
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.models.device import cache_on_device, choose_device, gather_images, send_to_device
from unknot.models.networks import NetworkBuilder
from unknot.models.objectives import Loss, PairObjective, StepContext, build_objective
from unknot.models.vae import Terms
from unknot.training.adversary import sample_codes, start_adversary
from unknot.training.batches import Batch, batch_order, other_batch
from unknot.training.gradients.single import WHOLE_BATCH
from unknot.training.monitors import batch_means
from unknot.training.optimizers import OPTIMIZERS
from unknot.training.precision import set_precision
from unknot.training.schedules import beta_at
from unknot.training.untrained import build_untrained


class RunSteps:
    """What the steps of one run are computed with; nothing of it is read from the run's folder.

    Args:
        config: what to train.
        images: on what.
        device: `auto`, `cpu`, `cuda`, ...
        networks: a user's own builder of an encoder and decoder pair.
        pixels: what `cache_on_device` gave for these images and this device, if it was asked.

    Attributes:
        model: as it is being trained.
        precision: of its large layers.
        optimizer: of the model.
        adversary: the objective's own network and its optimizer; None if it has none.
    """

    def __init__(
        self,
        config: RunConfig,
        images: ImageSet,
        device: str,
        networks: NetworkBuilder | None = None,
        pixels: NDArray[np.uint8] | Tensor | None = None,
    ) -> None:
        self.config, self.images = config, images
        self.recipe = config.training.optimization()
        self.objective = build_objective(
            config.training.objective, config.training.objective_options
        )
        self.objective.check(config.beta, self.recipe.batch_size)
        self.device = choose_device(device)
        self._batch_order = batch_order(images, self.objective, self.recipe.batch_size, config.seed)
        self._adapt = self.objective.adapt if isinstance(self.objective, PairObjective) else None
        self.model = build_untrained(config, images, networks).to(self.device)
        self._pixels = cache_on_device(images.images, self.device) if pixels is None else pixels

    def prepare(self, *, stacked: bool = False, begun_in: str = "") -> None:
        """Set the precision, and make the optimizers.

        Args:
            stacked: whether the run is computed with others as one program.
            begun_in: the precision of a run that goes on, which it keeps.
        """
        is_open = self.config.training.precision == "auto"
        wanted = begun_in if begun_in and is_open else self.config.training.precision
        self.precision = set_precision(wanted, self.model, self.device, stacked=stacked)
        self.optimizer = OPTIMIZERS[self.recipe.optimizer](self.model, self.recipe)
        self.adversary = start_adversary(
            self.objective,
            self.model.latent_dim,
            seed=self.config.seed,
            device=self.device,
            precision=self.precision.name,
        )

    def batch(self, step: int, share: slice = WHOLE_BATCH) -> Batch:
        """Gather what a step is computed from, or a share of it."""
        pixels = gather_images(self._pixels, self._batch_order.batch(step)[share], self.device)
        shape = (self.recipe.batch_size, self.model.latent_dim)
        noise = standard_normal(shape, self.config.seed, "posterior", step)[share]
        return Batch(pixels, send_to_device(noise, self.device))

    def other_batch(self, step: int) -> Batch:
        """Gather as many images, others than those of a step where there are enough."""
        pixels = gather_images(self._pixels, other_batch(self._batch_order, step), self.device)
        shape = (self.recipe.batch_size, self.model.latent_dim)
        noise = standard_normal(shape, self.config.seed, "posterior of other images", step)
        return Batch(pixels, send_to_device(noise, self.device))

    def loss(self, terms: Terms, step: int) -> Loss:
        """Give the objective's loss of a batch at a step."""
        return self.objective.loss(terms, self._context(step))

    def compute_gradients(self, step: int, share: slice = WHOLE_BATCH) -> Tensor:
        """Leave the gradients of a step in the parameters, or the part that a share adds to them.

        Those of the objective's own network are left in its parameters.

        Args:
            step: from 0.
            share: of its batch.

        Returns:
            `batch_means` of the share times its part of the batch, so that all shares add up.
        """
        batch = self.batch(step, share)
        terms = self.model(self.model.standardize(batch.pixels), batch.noise, self._adapt)
        part = len(batch.noise) / self.recipe.batch_size
        loss = self.loss(terms, step)
        self.model.zero_grad(set_to_none=True)
        (loss.value * part).backward()
        if self.adversary:
            other_codes = sample_codes(self.model, self.other_batch(step))
            network_loss = self.adversary.compute_gradients(
                terms.z, other_codes, self._context(step)
            )
            loss = loss._replace(quantities=(*loss.quantities, network_loss))
        return batch_means(loss, terms) * part

    def _context(self, step: int) -> StepContext:
        return StepContext(
            step=step,
            num_steps=self.recipe.steps,
            beta=beta_at(step, self.config.beta, self.recipe.beta_warmup, self.recipe.beta_rise),
            num_train=len(self._batch_order.indices),
            seed=self.config.seed,
            adversary=self.adversary.network if self.adversary else None,
        )
