"""The optimiser beside torch's."""

import torch
from torch import nn

from unknot.training.adam import Adam


def test_its_updates_are_torchs() -> None:
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
