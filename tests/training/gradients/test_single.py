"""Gradients of whole batches, in this process."""

from typing import Any

import torch
from torch import Tensor, nn

from unknot.training.gradients import GradientSource
from unknot.training.gradients.single import SingleProcess
from unknot.training.optimizers import Adam


def test_each_batch_is_computed_as_a_whole() -> None:
    model: Any = nn.Linear(1, 1, bias=False)
    nn.init.ones_(model.weight)
    asked: list[tuple[int, slice]] = []

    def compute_share(step: int, share: slice) -> Tensor:
        asked.append((step, share))
        model.weight.grad = torch.full_like(model.weight, 2.0)
        return torch.tensor([5.0])

    gradients = SingleProcess(
        GradientSource(
            model=model,
            optimizer=Adam(model.parameters(), 0.9, 0.99),
            compute_share=compute_share,
            batch_size=4,
            threads=1,
        )
    )
    assert gradients.compute(3).tolist() == [5]
    assert asked == [(3, slice(None))]
    gradients.update(0.1, 1)
    assert abs(model.weight.item() - 0.9) < 1e-6  # Adam's first step has the learning rate's size
    gradients.close()
