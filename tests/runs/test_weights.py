"""Weights on disk."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load, load_file
from torch import nn

from unknot.common.reading import DamageError
from unknot.runs.weights import load_weights, save_weights, to_bytes


def model() -> nn.Sequential:
    return nn.Sequential(nn.Conv2d(2, 3, 2), nn.BatchNorm2d(3))


def test_parameters_and_buffers_come_back_in_any_memory_layout(tmp_path: Path) -> None:
    path = tmp_path / "weights.safetensors"
    first = model().to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    first(torch.randn(4, 2, 3, 3))  # which changes the buffers
    save_weights(path, first)
    second = model()
    load_weights(path.read_bytes(), path, second)
    expected, loaded = first.state_dict(), second.state_dict()
    assert expected.keys() == loaded.keys() == load_file(path).keys()
    assert all(torch.equal(expected[name], loaded[name]) for name in expected)
    assert load_file(path)["0.weight"].is_contiguous()


def test_named_tensors_are_packed_in_the_plain_layout() -> None:
    tensor = torch.randn(2, 3, 4, 4).contiguous(memory_format=torch.channels_last)
    assert torch.equal(load(to_bytes({"a": tensor}))["a"], tensor)


@pytest.mark.parametrize("content", [b"", b"not safetensors at all", b"\xff" * 100, b"\0" * 9])
def test_damaged_weights_are_named(content: bytes) -> None:
    with pytest.raises(DamageError, match=r"w is damaged \((empty|not saf).*; train it") as caught:
        load_weights(content, Path("w"), nn.Linear(2, 2), "train it")
    assert "\n" not in str(caught.value)


def test_weights_that_are_no_numbers_are_damaged() -> None:
    spoiled = nn.Linear(2, 2)
    spoiled.bias.data[1] = float("nan")
    content = to_bytes(spoiled.state_dict())
    with pytest.raises(DamageError, match="bias holds what is not a finite number"):
        load_weights(content, Path("w"), nn.Linear(2, 2))


def test_a_buffer_that_is_infinite_by_itself_is_loaded() -> None:
    masked = nn.Linear(2, 2)
    masked.register_buffer("mask", torch.tensor([0.0, -float("inf")]))
    load_weights(to_bytes(masked.state_dict()), Path("w"), masked)


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (nn.Linear(2, 3), r"weight is float32 \(3, 2\) there and float32 \(2, 2\)"),
        (nn.Linear(2, 2, bias=False), "bias is missing"),
        (nn.Linear(2, 2).double(), "weight is float64"),
        (nn.Sequential(nn.Linear(2, 2)), "weight is missing"),
        (nn.Bilinear(2, 2, 2), "weight is float32"),
    ],
)
def test_weights_of_another_model_are_refused_in_one_line(other: nn.Module, reason: str) -> None:
    with pytest.raises(DamageError, match=f"w is of another model or version: {reason}") as caught:
        load_weights(to_bytes(other.state_dict()), Path("w"), nn.Linear(2, 2))
    assert "\n" not in str(caught.value)
