"""Which images a step trains on, and what it is computed from."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from unknot.common.randomness import derive_seed


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

    def other_batch(self, step: int) -> NDArray[np.int64]:
        """Other images than those of a step, as many, drawn without replacement.

        Where there are not enough others, some of the step's own follow, or images come twice.

        Args:
            step: from 0.

        Returns:
            Shape `(batch_size,)`.
        """
        batch = self.batch(step)
        rng = np.random.Generator(np.random.PCG64(derive_seed(self.seed, "other batch", step)))
        num = min(2 * self.batch_size, len(self.indices))
        drawn = rng.choice(self.indices, num, replace=False)
        others = drawn[~np.isin(drawn, batch)]
        return np.concatenate([others, batch])[: self.batch_size]

    def _permutation(self, epoch: int) -> NDArray[np.int64]:
        if epoch != self._epoch:
            rng = np.random.Generator(np.random.PCG64(derive_seed(self.seed, "batch", epoch)))
            self._order, self._epoch = rng.permutation(self.indices), epoch
        return self._order
