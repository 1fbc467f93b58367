"""The fast layers beside torch's own."""

import pytest
import torch
from torch import nn

from unknot.models.layers import (
    Convolution,
    Linear,
    SameConvolution,
    TransposedConvolution,
    UpsampledConvolution,
    set_up_layers,
)


def beside_torch(
    ours: nn.Module, theirs: nn.Module, x: torch.Tensor
) -> list[tuple[torch.Tensor, torch.Tensor]]:
    """Output and every gradient of both."""
    theirs.load_state_dict(ours.state_dict())
    sides = []
    for layer in (ours, theirs):
        input = x.clone().requires_grad_()
        output = layer(input)
        weights = torch.linspace(-1, 1, output.numel(), dtype=output.dtype).reshape(output.shape)
        (output * weights).sum().backward()
        sides.append([output, input.grad, *(p.grad for p in layer.parameters())])
    return list(zip(*sides))


@pytest.mark.parametrize(("channels", "out"), [(5, 3), (5, 1), (3, 4), (4, 8)])
@pytest.mark.parametrize("format", [torch.contiguous_format, torch.channels_last])
def test_the_transposed_convolution_is_torchs(
    channels: int, out: int, format: torch.memory_format
) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, channels, 6, 6, dtype=torch.float64).contiguous(memory_format=format)
    ours = TransposedConvolution(channels, out).double().to(memory_format=format)
    theirs = nn.ConvTranspose2d(channels, out, 4, stride=2, padding=1).double()
    for mine, expected in beside_torch(ours, theirs, x):
        torch.testing.assert_close(mine, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(("kernel", "padding"), [(4, 1), (2, 0)])
def test_the_convolution_is_torchs(kernel: int, padding: int) -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, 8, 8, dtype=torch.float64)
    theirs = nn.Conv2d(3, 5, kernel, stride=2, padding=padding).double()
    for mine, expected in beside_torch(Convolution(3, 5, kernel).double(), theirs, x):
        assert torch.equal(mine, expected)


def test_the_convolution_that_keeps_the_size_is_torchs() -> None:
    torch.manual_seed(0)
    x = torch.randn(2, 3, 7, 8, dtype=torch.float64)
    theirs = nn.Conv2d(3, 5, 3, padding=1).double()
    for mine, expected in beside_torch(SameConvolution(3, 5).double(), theirs, x):
        assert torch.equal(mine, expected)


@pytest.mark.parametrize(("channels", "out"), [(5, 3), (4, 8)])
@pytest.mark.parametrize("plain", [False, True])
def test_the_upsampled_convolution_is_torchs_after_each_pixel_is_repeated(
    channels: int, out: int, plain: bool
) -> None:
    class Repeated(nn.Conv2d):
        def forward(self, input: torch.Tensor) -> torch.Tensor:
            return super().forward(input.repeat_interleave(2, 2).repeat_interleave(2, 3))

    torch.manual_seed(0)
    x = torch.randn(2, channels, 5, 6, dtype=torch.float64)
    ours = UpsampledConvolution(channels, out).double()
    set_up_layers(ours, dtype=None, plain=plain)
    theirs = Repeated(channels, out, 3, padding=1).double()
    for mine, expected in beside_torch(ours, theirs, x):
        torch.testing.assert_close(mine, expected, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize(
    "layer",
    [
        Convolution(6, 5),
        SameConvolution(6, 5),
        TransposedConvolution(6, 3),
        UpsampledConvolution(6, 3),
    ],
)
def test_bfloat16_is_for_training_alone(layer: nn.Module) -> None:
    assert set_up_layers(layer, dtype=torch.bfloat16)
    x = torch.randn(2, 6, 8, 8)
    assert layer.eval()(x).dtype == torch.float32
    exact = layer(x)
    rough = layer.train()(x)
    assert rough.dtype == torch.bfloat16
    assert not torch.equal(rough.float(), exact)
    torch.testing.assert_close(rough.float(), exact, rtol=0.05, atol=0.05)
    rough.float().sum().backward()
    assert all(p.grad is not None and p.grad.dtype == torch.float32 for p in layer.parameters())


def test_a_linear_layer_takes_half_precision_and_gives_single() -> None:
    torch.manual_seed(0)
    layer, x = Linear(30, 20), torch.randn(4, 30)
    exact = nn.functional.linear(x, layer.weight, layer.bias)
    assert torch.equal(layer(x), exact)
    set_up_layers(layer, dtype=torch.bfloat16)
    rough = layer(x.bfloat16())
    assert rough.dtype == torch.float32
    assert not torch.equal(rough, exact)
    torch.testing.assert_close(rough, exact, rtol=0.05, atol=0.05)
    assert torch.equal(layer.eval()(x), exact)


def test_a_model_without_such_layers_is_told_apart() -> None:
    assert not set_up_layers(nn.Linear(2, 2), dtype=torch.bfloat16)
