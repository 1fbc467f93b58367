"""Weights on disk."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load, load_file
from torch import nn

from unknot.common.errors import UserError
from unknot.runs.weights import load_weights, read_tensors, save_weights, to_bytes


def model() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(2, 3, 2), nn.BatchNorm2d(3))


def test_parameters_and_buffers_come_back_in_any_memory_layout(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    first = model().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    first(torch.randn(4, 2, 3, 3))  # which changes the buffers
    save_weights(path, first)
    second = model()
    load_weights(path, second)
    expected, loaded = first.state_dict(), second.state_dict()
    assert expected.keys() == loaded.keys() == load_file(path).keys()
    assert all(torch.equal(expected[name], loaded[name]) for name in expected)
    assert load_file(path)["0.weight"].is_contiguous()


def test_named_tensors_are_packed_in_the_plain_layout() -> None:
    tensor = torch.randn(2, 3, 4, 4).contiguous(memory_format=torch.channels_last)
    assert torch.equal(load(to_bytes({"a": tensor}))["a"], tensor)


def test_damaged_weights_are_named(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    with pytest.raises(UserError, match=r"weights.safetensors is missing; train the run again"):
        load_weights(path, nn.Linear(2, 2))
    path.write_bytes(b"not safetensors at all")
    with pytest.raises(UserError, match="cannot be loaded") as caught:
        read_tensors(path)
    assert "\n" not in str(caught.value)


def test_weights_of_another_model_are_refused_in_one_line(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    save_weights(path, nn.Linear(2, 3))
    with pytest.raises(UserError, match=r"cannot be loaded .*train the run again") as caught:
        load_weights(path, nn.Linear(2, 2))
    assert "\n" not in str(caught.value)
