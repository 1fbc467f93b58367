"""Batches from the memory map and from a device that holds all images."""

import numpy as np
import pytest
import torch

from unknot.training.pixels import gather, resident

CPU = torch.device("cpu")


def test_both_give_the_same_pixels() -> None:
    images = np.random.default_rng(0).integers(0, 256, (7, 3, 4, 4), np.uint8)
    chosen = np.array([5, 0, 5])
    gathered = gather(images, chosen, CPU)
    assert torch.equal(gathered, gather(torch.from_numpy(images), chosen, CPU))
    assert np.array_equal(gathered.numpy(), images[chosen])


def test_images_stay_in_the_map_on_a_processor_and_where_they_do_not_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    images = np.zeros((4, 1, 2, 2), np.uint8)
    assert resident(images, CPU) is images
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device: (31, 100))
    assert resident(images, torch.device("cuda", 0)) is images
