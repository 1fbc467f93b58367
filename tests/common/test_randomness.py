"""Random numbers as functions of seed, consumer and position."""

import numpy as np
import torch

from unknot.common.randomness import derive_seed, generator, standard_normal


def test_consumers_have_noise_of_their_own() -> None:
    first = standard_normal((1000,), 0, "posterior", 5)
    assert (first == standard_normal((1000,), 0, "posterior", 5)).all()
    for consumer, position in (("posterior", 6), ("figures", 5)):
        other = standard_normal((1000,), 0, consumer, position)
        assert abs(np.corrcoef(first, other)[0, 1]) < 0.15
    assert derive_seed(0, "a") != derive_seed(1, "a")


def test_a_seed_is_the_same_in_every_version() -> None:
    """Runs of earlier versions go on bitwise, so these numbers must never change."""
    assert derive_seed(0, "batch") == 684584896067941722
    assert derive_seed(7, "posterior", 41) == 3767377881137624553
    assert 0 <= derive_seed(2**63 - 1, "initialisation") < 2**63


def test_noise_is_the_generators() -> None:
    expected = torch.randn(3, 2, generator=generator(1, "figures", 2))
    assert torch.equal(standard_normal((3, 2), 1, "figures", 2), expected)
