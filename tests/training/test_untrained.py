"""A run's model before its first step."""

from dataclasses import replace

import torch

from tests.training.tiny import LINEAR, same_bits
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.training.untrained import build_untrained

CONFIG = RunConfig(2.0, 3, model=LINEAR)


def test_an_untrained_model_is_the_seeds(small_faces: ImageSet) -> None:
    first, same, other = (
        build_untrained(replace(CONFIG, seed=seed), small_faces).state_dict() for seed in (3, 3, 4)
    )
    assert same_bits(first, same)
    assert not same_bits(first, other)
    assert torch.equal(first["pixel_std"], other["pixel_std"])
