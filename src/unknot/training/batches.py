"""Which images a step trains on, and what it is computed from."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from unknot.common.randomness import derive_seed
from unknot.data.image_set import ImageSet
from unknot.data.pairs import Partners, find_partners
from unknot.models.objectives import Objective, PairObjective


class Batch(NamedTuple):
    """What a step is computed from.

    Attributes:
        pixels: 0..255, uint8, shape `(batch, channel, height, width)`.
        noise: standard normal, shape `(batch, latent_dim)`.
    """

    pixels: Tensor
    noise: Tensor


class BatchOrder:
    """Which images each step trains on: permutations of all, one after the other.

    Args:
        indices: the training images.
        batch_size: images per step; may exceed their number.
        seed: the run's.
    """

    def __init__(self, indices: NDArray[np.int64], batch_size: int, seed: int) -> None:
        self.indices, self.batch_size, self.seed = indices, batch_size, seed
        self._epoch = -1
        self._order = indices

    def batch(self, step: int) -> NDArray[np.int64]:
        """The images of a step, shape `(batch_size,)`; steps count from 0."""
        first = step * self.batch_size
        parts = []
        remaining = self.batch_size
        while remaining:
            epoch, offset = divmod(first, len(self.indices))
            part = self._permutation(epoch)[offset : offset + remaining]
            parts.append(part)
            first += len(part)
            remaining -= len(part)
        return np.concatenate(parts)

    def _permutation(self, epoch: int) -> NDArray[np.int64]:
        if epoch != self._epoch:
            rng = np.random.Generator(np.random.PCG64(derive_seed(self.seed, "batch", epoch)))
            self._order, self._epoch = rng.permutation(self.indices), epoch
        return self._order


class PairOrder:
    """Which pairs each step trains on: images in the order of `BatchOrder`, each with a partner.

    Partners are drawn anew at every step.

    Args:
        partners: of the training images.
        batch_size: images per step, even; as many pairs as half of it.
        seed: the run's.
    """

    def __init__(self, partners: Partners, batch_size: int, seed: int) -> None:
        self.indices, self.seed = partners.indices, seed
        self._partners = partners
        self._firsts = BatchOrder(partners.indices, batch_size // 2, seed)

    def batch(self, step: int) -> NDArray[np.int64]:
        """The images of a step, and then the partner of each, shape `(batch_size,)`."""
        rng = np.random.Generator(np.random.PCG64(derive_seed(self.seed, "pairs", step)))
        firsts = self._firsts.batch(step)
        return np.concatenate([firsts, self._partners.draw(firsts, rng)])


def batch_order(
    images: ImageSet, objective: Objective, batch_size: int, seed: int
) -> BatchOrder | PairOrder:
    """Choose the order of the training images that an objective learns from.

    Args:
        images: with their splits, and groups or factors where the objective takes pairs.
        objective: of the run.
        batch_size: images per step.
        seed: the run's.

    Raises:
        UserError: if the images make no pairs, and the objective takes pairs.
    """
    if isinstance(objective, PairObjective):
        return PairOrder(find_partners(images, objective.differ), batch_size, seed)
    return BatchOrder(images.indices("train"), batch_size, seed)


def other_batch(order: BatchOrder | PairOrder, step: int) -> NDArray[np.int64]:
    """Other images than those of a step, as many, drawn without replacement.

    Where there are not enough others, some of the step's own follow, or images come twice.

    Args:
        order: of the training images.
        step: from 0.

    Returns:
        Shape `(batch_size,)`.
    """
    batch = order.batch(step)
    rng = np.random.Generator(np.random.PCG64(derive_seed(order.seed, "other batch", step)))
    drawn = rng.choice(order.indices, min(2 * len(batch), len(order.indices)), replace=False)
    others = drawn[~np.isin(drawn, batch)]
    return np.concatenate([others, batch])[: len(batch)]
