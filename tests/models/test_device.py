"""Where a model computes; batches from the memory map and from a device that holds all images."""

from types import SimpleNamespace

import numpy as np
import pytest
import torch

from unknot.common.errors import UserError
from unknot.common.machine import processor
from unknot.models.device import (
    cache_on_device,
    choose_device,
    gather_images,
    hardware_text,
    is_available,
    send_to_device,
)

CPU = torch.device("cpu")


def test_hardware_is_named_by_the_kind_of_device_first(monkeypatch: pytest.MonkeyPatch) -> None:
    assert hardware_text(CPU) == f"cpu {processor()}"
    monkeypatch.setattr(torch.cuda, "get_device_name", lambda device: f"GPU {device.index}")
    assert hardware_text(torch.device("cuda", 1)) == "cuda GPU 1"
    assert is_available("cpu")
    assert not is_available("abacus")


def test_both_give_the_same_pixels() -> None:
    images = np.random.default_rng(0).integers(0, 256, (7, 3, 4, 4), np.uint8)
    chosen = np.array([5, 0, 5])
    gathered = gather_images(images, chosen, CPU)
    assert torch.equal(gathered, gather_images(torch.from_numpy(images), chosen, CPU))
    assert np.array_equal(gathered.numpy(), images[chosen])


def test_images_stay_in_the_map_on_a_processor_and_where_they_do_not_fit(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    images = np.zeros((4, 1, 2, 2), np.uint8)
    assert cache_on_device(images, CPU) is images
    for free_and_total in ((31, 200), (100, 127)):  # half of what is free, an eighth of all
        monkeypatch.setattr(torch.cuda, "mem_get_info", lambda device, now=free_and_total: now)
        assert cache_on_device(images, torch.device("cuda", 0)) is images


@pytest.mark.parametrize(
    "name", ["meta", "xla", "hpu", "privateuseone", "mkldnn", "cpu:7", "CPU", "", "9" * 5_000]
)
def test_a_device_on_which_nothing_is_computed_is_refused(name: str) -> None:
    with pytest.raises(UserError, match="is not available here; try cpu or auto"):
        choose_device(name)


@pytest.mark.parametrize(
    ("has_cuda", "has_mps", "expected"),
    [(True, True, "cuda"), (False, True, "mps"), (False, False, "cpu")],
)
def test_auto_takes_a_gpu_where_there_is_one(
    has_cuda: bool, has_mps: bool, expected: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: has_cuda)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: has_mps)
    assert choose_device().type == expected
    assert choose_device("cpu") == CPU


def test_single_precision_is_single_precision(monkeypatch: pytest.MonkeyPatch) -> None:
    """Torch's default for convolutions on a GPU rounds to ten bits."""
    monkeypatch.setattr(torch.backends.cudnn, "allow_tf32", True)
    choose_device("cpu")
    assert not torch.backends.cudnn.allow_tf32


def test_a_copy_to_a_gpu_does_not_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []
    pinned = SimpleNamespace(to=lambda *at, **how: calls.append((at, how)))
    noise, gpu = torch.randn(3), torch.device("cuda", 1)
    monkeypatch.setattr(torch.Tensor, "pin_memory", lambda tensor: pinned)
    send_to_device(noise, gpu)
    assert calls == [((gpu,), {"non_blocking": True})]
    assert send_to_device(noise, CPU) is noise


def test_a_device_that_is_not_there_is_one_line() -> None:
    with pytest.raises(UserError, match=r"^device 'gpu' is not available here; try cpu or auto$"):
        choose_device("gpu")
