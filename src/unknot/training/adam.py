"""The optimiser."""

from collections.abc import Iterable

import torch
from torch import Tensor, nn

EPSILON = 1e-8


class Adam:
    """Adam (Kingma and Ba 2015, algorithm 1) on all parameters at once.

    As torch's own, whose optimisers bring in its compiler when they are made: 70 MB and a second
    and a half in each process that trains.

    Args:
        parameters: what is updated; those without a gradient are left as they are.
        beta1: decay of the mean of the gradients.
        beta2: decay of the mean of their squares.

    Attributes:
        means: running mean of each parameter's gradient, in its shape and memory layout.
        squares: running mean of the squares, likewise.
    """

    def __init__(self, parameters: Iterable[nn.Parameter], beta1: float, beta2: float) -> None:
        self.parameters = list(parameters)
        self.beta1, self.beta2 = beta1, beta2
        self.means = [torch.zeros_like(p) for p in self.parameters]
        self.squares = [torch.zeros_like(p) for p in self.parameters]

    @torch.no_grad()
    def step(self, learning_rate: float, count: int) -> None:
        """Update the parameters by their gradients.

        Args:
            learning_rate: of this update.
            count: updates with this one, from 1.
        """
        parameters: list[Tensor] = []
        gradients, means, squares = [], [], []
        for parameter, mean, square in zip(self.parameters, self.means, self.squares):
            if parameter.grad is not None:
                parameters.append(parameter)
                gradients.append(parameter.grad)
                means.append(mean)
                squares.append(square)
        torch._foreach_lerp_(means, gradients, 1 - self.beta1)
        torch._foreach_mul_(squares, self.beta2)
        torch._foreach_addcmul_(squares, gradients, gradients, 1 - self.beta2)
        spread = torch._foreach_sqrt(squares)
        torch._foreach_div_(spread, (1 - self.beta2**count) ** 0.5)
        torch._foreach_add_(spread, EPSILON)
        torch._foreach_addcdiv_(parameters, means, spread, -learning_rate / (1 - self.beta1**count))

    def state(self) -> dict[str, Tensor]:
        """What the next update depends on besides the parameters: name -> tensor."""
        return {
            f"{i}.{name}": value
            for i, pair in enumerate(zip(self.means, self.squares))
            for name, value in zip(("mean", "square"), pair)
        }
