"""The optimizers beside torch's, and beside their formulas."""

import subprocess
import sys
from dataclasses import replace

import pytest
import torch
from torch import nn

from unknot.config.parts import RECIPES
from unknot.training.optimizers import (
    CONVOLUTION_UPDATE_SIZE,
    EPSILON,
    MOMENTUM,
    OPTIMIZERS,
    UPDATE_SIZE,
    Adam,
    Muon,
    Optimizer,
    orthogonalize,
)


def test_adams_updates_are_torchs() -> None:
    torch.manual_seed(0)
    start = [torch.randn(4, 3, 2, 2).contiguous(memory_format=torch.channels_last), torch.randn(5)]
    ours, theirs = ([nn.Parameter(value.clone()) for value in start] for _ in range(2))
    idle = nn.Parameter(torch.ones(2))
    mine, expected = Adam([*ours, idle], 0.9, 0.99), torch.optim.Adam(theirs, betas=(0.9, 0.99))
    for count in range(1, 30):
        rate = 0.1 / count
        expected.param_groups[0]["lr"] = rate
        for a, b in zip(ours, theirs):
            a.grad = torch.randn_like(a)
            b.grad = a.grad.clone()
        mine.step(rate, count)
        expected.step()
    for a, b in zip(ours, theirs):
        torch.testing.assert_close(a, b, rtol=1e-5, atol=1e-6)
    assert torch.equal(idle, torch.ones(2))
    assert mine.means[0].is_contiguous(memory_format=torch.channels_last)


def test_adam_in_one_pass_gives_the_same_numbers() -> None:
    torch.manual_seed(0)
    start = [torch.randn(33, 17), torch.randn(5)]
    plain, fused = ([nn.Parameter(value.clone()) for value in start] for _ in range(2))
    adams = Adam(plain, 0.5, 0.9), Adam(fused, 0.5, 0.9, fused=True)
    for count in range(1, 30):
        for a, b in zip(plain, fused):
            a.grad = torch.randn_like(a)
            b.grad = a.grad.clone()
        for adam in adams:
            adam.step(1e-2, count)
    for a, b in zip(plain, fused):
        torch.testing.assert_close(a, b)
    torch.testing.assert_close(*(adam.state() for adam in adams))


def test_adams_updates_have_the_bits_of_its_formula() -> None:
    """Weights trained by version 0.1.0, which wrote the formula out, are the same bits."""
    torch.manual_seed(0)
    beta1, beta2 = 0.9, 0.99
    start = [
        torch.randn(8, 3, 4, 4).contiguous(memory_format=torch.channels_last),
        torch.randn(33, 17),
        torch.randn(5),
    ]
    parameters = [nn.Parameter(value.clone()) for value in start]
    expected = [value.clone() for value in start]
    means = [torch.zeros_like(value) for value in start]
    squares = [torch.zeros_like(value) for value in start]
    adam = Adam(parameters, beta1, beta2)
    for count in range(1, 40):
        rate = 1e-3 * count
        for parameter in parameters:
            parameter.grad = torch.randn_like(parameter) * 10 ** torch.randn(())
        adam.step(rate, count)
        for i, parameter in enumerate(parameters):
            assert parameter.grad is not None
            means[i].lerp_(parameter.grad, 1 - beta1)
            squares[i].mul_(beta2).addcmul_(parameter.grad, parameter.grad, value=1 - beta2)
            spread = squares[i].sqrt().div_((1 - beta2**count) ** 0.5).add_(EPSILON)
            expected[i].addcdiv_(means[i], spread, value=-rate / (1 - beta1**count))
    for parameter, value in zip(parameters, expected):
        assert torch.equal(parameter.detach(), value)
    assert all(torch.equal(a, b) for a, b in zip(adam.means, means))
    assert all(torch.equal(a, b) for a, b in zip(adam.squares, squares))


def test_adam_keeps_the_memory_layout() -> None:
    weight = nn.Parameter(torch.randn(4, 3, 2, 2).contiguous(memory_format=torch.channels_last))
    weight.grad = torch.randn_like(weight)
    adam = Adam([weight], 0.9, 0.99)
    adam.step(0.1, 1)
    for tensor in (weight, *adam.state().values()):
        assert tensor.is_contiguous(memory_format=torch.channels_last)
        assert not tensor.is_contiguous()


UPDATE = """
import sys
import torch
from unknot.config.parts import RECIPES
from unknot.training.optimizers import OPTIMIZERS
model = torch.nn.Linear(3, 2)
for make in OPTIMIZERS.values():
    optimizer = make(model, RECIPES["one_cycle"])
    model(torch.ones(1, 3)).sum().backward()
    optimizer.step(0.1, 1)
sys.exit("torch._dynamo" in sys.modules)
"""


def test_an_update_does_not_bring_in_the_compiler() -> None:
    """Which costs each process that trains 78 MB and seconds."""
    assert subprocess.run([sys.executable, "-c", UPDATE], check=False).returncode == 0


@pytest.mark.skipif(not hasattr(torch.optim, "Muon"), reason="this torch has no Muon")
def test_muons_updates_are_torchs() -> None:
    """Torch's computes in bfloat16, whose rounding is what the tolerance allows for."""
    torch.manual_seed(0)
    ours, theirs = nn.Linear(20, 30), nn.Linear(20, 30)
    theirs.load_state_dict(ours.state_dict())
    mine = Muon(ours, 0.9, 0.99)
    rate = 0.1 * UPDATE_SIZE / 0.2  # whose updates are of that size
    expected = torch.optim.Muon(
        [theirs.weight], rate, weight_decay=0, momentum=MOMENTUM, adjust_lr_fn="match_rms_adamw"
    )
    bias = torch.optim.Adam([theirs.bias], 0.1, betas=(0.9, 0.99))
    start = ours.weight.detach().clone()
    for count in range(1, 10):
        for a, b in zip(ours.parameters(), theirs.parameters()):
            a.grad = torch.randn_like(a)
            b.grad = a.grad.clone()
        mine.step(0.1, count)
        expected.step()
        bias.step()
    moved = torch.linalg.norm(theirs.weight - start)
    assert torch.linalg.norm(ours.weight - theirs.weight) < 0.02 * moved
    torch.testing.assert_close(ours.bias, theirs.bias, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("shape", [(64, 200), (7, 5), (1, 9), (300, 50)])
def test_singular_values_come_near_one(shape: tuple[int, int]) -> None:
    torch.manual_seed(0)
    matrix = torch.randn(shape) * torch.logspace(-1, 1, shape[1])
    left, _, right = torch.linalg.svd(matrix, full_matrices=False)
    aligned = left.T @ orthogonalize(matrix) @ right.T
    values = aligned.diagonal()
    assert values.min() > 0.5
    assert values.max() < 1.21
    torch.testing.assert_close(aligned, values.diag(), rtol=0, atol=1e-4)


def test_blocks_of_rows_are_treated_apart() -> None:
    torch.manual_seed(0)
    matrix = torch.randn(100, 130)
    apart = torch.cat([orthogonalize(half) for half in matrix.split(50)])
    torch.testing.assert_close(orthogonalize(matrix), apart)
    torch.testing.assert_close(orthogonalize(matrix.T), apart.T)
    uneven = orthogonalize(matrix[:99])
    torch.testing.assert_close(uneven[:50], apart[:50])
    torch.testing.assert_close(uneven[50:], orthogonalize(matrix[50:99]))


def test_an_update_has_the_same_size_in_every_shape() -> None:
    torch.manual_seed(0)
    for shape in [(6, 256), (256, 1024), (1024, 256)]:
        layer = nn.Linear(shape[1], shape[0], bias=False)
        before = layer.weight.detach().clone()
        layer.weight.grad = torch.randn_like(layer.weight) * 1e3
        Muon(layer, 0.9, 0.99).step(0.01, 1)
        size = (layer.weight - before).square().mean().sqrt().item()
        assert 0.6 < size / (0.01 * UPDATE_SIZE) < 1.25


@pytest.mark.parametrize("layer", [nn.Conv2d(3, 8, 4), nn.ConvTranspose2d(8, 3, 4)])
def test_the_weight_of_a_convolution_is_a_matrix_with_a_row_for_each_channel(
    layer: nn.Conv2d | nn.ConvTranspose2d,
) -> None:
    torch.manual_seed(0)
    layer = layer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    before = layer.weight.detach().clone()
    gradient = torch.randn_like(layer.weight)
    layer.weight.grad = gradient.clone()
    Muon(layer, 0.9, 0.99, convolutions=True).step(0.01, 1)
    expected = orthogonalize(gradient.flatten(1)) * 48**0.5 * 0.01 * CONVOLUTION_UPDATE_SIZE
    torch.testing.assert_close((before - layer.weight).flatten(1), expected, rtol=1e-4, atol=1e-6)


def test_convolutions_are_adams_unless_asked_for() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 2), nn.Flatten(), nn.Linear(8, 3))
    assert len(Muon(model, 0.9, 0.99).weights) == 1
    assert len(Muon(model, 0.9, 0.99, convolutions=True).weights) == 2


def test_a_first_gradient_of_zero_moves_nothing() -> None:
    layer = nn.Linear(4, 3)
    before = [p.detach().clone() for p in layer.parameters()]
    for p in layer.parameters():
        p.grad = torch.zeros_like(p)
    Muon(layer, 0.9, 0.99).step(0.1, 1)
    assert all(torch.equal(a, b) for a, b in zip(before, layer.parameters()))


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_one_that_takes_over_a_state_goes_on_alike(name: str) -> None:
    torch.manual_seed(0)
    recipe = replace(RECIPES["one_cycle"], optimizer=name)
    models = [nn.Sequential(nn.Conv2d(1, 2, 2), nn.Flatten(), nn.Linear(8, 3)) for _ in range(2)]
    first = OPTIMIZERS[name](models[0], recipe)
    gradients = [[torch.randn_like(p) for p in models[0].parameters()] for _ in range(4)]
    for count, of in enumerate(gradients[:2], 1):
        step(first, models[0], of, count)
    models[1].load_state_dict(models[0].state_dict())
    second = OPTIMIZERS[name](models[1], recipe)
    for key, value in first.state().items():
        second.state()[key].copy_(value)
    for optimizer, model in zip((first, second), models):
        for count, of in enumerate(gradients[2:], 3):
            step(optimizer, model, of, count)
    assert all(torch.equal(a, b) for a, b in zip(*(m.parameters() for m in models)))


def step(optimizer: Optimizer, model: nn.Module, gradients: list[torch.Tensor], count: int) -> None:
    for parameter, gradient in zip(model.parameters(), gradients):
        parameter.grad = gradient.clone()
    optimizer.step(0.01, count)
