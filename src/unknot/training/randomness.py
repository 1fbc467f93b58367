"""Random numbers as functions of (seed, consumer, position).

Nothing carries a generator's state: what is drawn at a step depends on the seed, the consumer's
name and the step alone. A resumed run therefore draws what the uninterrupted one would have, and a
new consumer changes no other.
"""

import hashlib

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


def derive_seed(seed: int, consumer: str, position: int = 0) -> int:
    """A 63-bit seed for one consumer at one position."""
    digest = hashlib.blake2b(f"{seed}/{consumer}/{position}".encode(), digest_size=8).digest()
    return int.from_bytes(digest) >> 1


def generator(seed: int, consumer: str, position: int = 0) -> torch.Generator:
    """A CPU generator for one consumer at one position."""
    return torch.Generator().manual_seed(derive_seed(seed, consumer, position))


def standard_normal(shape: tuple[int, ...], seed: int, consumer: str, position: int = 0) -> Tensor:
    """Standard normal noise on the CPU, the same on every device that copies it."""
    return torch.randn(shape, generator=generator(seed, consumer, position))


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
