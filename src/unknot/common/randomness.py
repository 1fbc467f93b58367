"""Random numbers as functions of (seed, consumer, position).

Nothing carries a generator's state: what is drawn at a step depends on the seed, the consumer's
name and the step alone. A resumed run therefore draws what the uninterrupted one would have, and a
new consumer changes no other.
"""

import hashlib

import torch
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
