"""Optimizers: how gradients change the parameters."""

from collections.abc import Callable, Iterable
from functools import partial

import torch
from torch import Tensor, nn
from torch.nn.functional import pad
from torch.optim.adam import adam

from unknot.config.parts import Recipe

ADAM_BETA1, EPSILON = 0.9, 1e-8
MOMENTUM = 0.95
UPDATE_SIZE = 0.05  # root mean square of an update's entries, in learning rates
CONVOLUTION_UPDATE_SIZE = 0.2  # the same, of a convolution's weights
BLOCK = 64  # rows that are made orthogonal to one another
ITERATIONS, COEFFICIENTS = 5, (3.4445, -4.7750, 2.0315)
TINY = 1e-7

Update = Callable[[float, int], None]
"""A learning rate and the number of updates with this one -> some parameters are changed."""


class Adam:
    """Adam (Kingma and Ba 2015, algorithm 1) on all parameters at once.

    The arithmetic is torch's function; its class brings in a compiler when it is made: 78 MB and a
    second and a half in each process that trains.

    Args:
        parameters: what is updated; those without a gradient are left as they are.
        beta1: decay of the mean of the gradients.
        beta2: decay of the mean of their squares.
        fused: in one pass over the memory, which rounds differently.

    Attributes:
        means: running mean of each parameter's gradient, in its shape and memory layout.
        squares: running mean of the squares, likewise.
        updates: one, of all.
    """

    def __init__(
        self,
        parameters: Iterable[nn.Parameter],
        beta1: float,
        beta2: float,
        *,
        fused: bool = False,
    ) -> None:
        self.parameters = list(parameters)
        self.beta1, self.beta2, self.fused = beta1, beta2, fused
        self.means = [torch.zeros_like(p) for p in self.parameters]
        self.squares = [torch.zeros_like(p) for p in self.parameters]
        self.updates: list[Update] = [self.step]

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
        if not parameters:
            return
        at = parameters[0].device if self.fused else None  # the fused kernel reads its count there
        before = torch.full((), count - 1.0, device=at)
        adam(
            parameters,
            gradients,
            means,
            squares,
            max_exp_avg_sqs=[],
            state_steps=[before.clone() for _ in parameters],
            foreach=not self.fused,
            fused=self.fused,
            amsgrad=False,
            beta1=self.beta1,
            beta2=self.beta2,
            lr=learning_rate,
            weight_decay=0.0,
            eps=EPSILON,
            maximize=False,
        )

    def state(self) -> dict[str, Tensor]:
        """What the next update depends on besides the parameters: name -> tensor."""
        return {
            f"{i}.{name}": value
            for i, pair in enumerate(zip(self.means, self.squares))
            for name, value in zip(("mean", "square"), pair)
        }


class Muon:
    """Muon (Jordan et al. 2024) for the weights of large layers, Adam for all other parameters.

    An update of a weight has the directions of the gradients' running mean (Nesterov's form), all
    of about one size: one a hundred times weaker moves the weight about as far. It is scaled by the
    weight's shape (Liu et al. 2025, equation 4), so that one learning rate does for all; for linear
    layers to a quarter of their size, which was better here (docs/log.md). A convolution's weight
    is a matrix of one row for each channel of its first axis.

    Args:
        model: whose parameters are updated; those without a gradient are left as they are.
        beta1: of Adam.
        beta2: of Adam.
        convolutions: whether weights of convolutions are updated by Muon as well.

    Attributes:
        weights: those that Muon updates.
        momenta: running mean of each of their gradients, in its shape.
        adam: of everything else.
        updates: that of each weight, and Adam's; they can be made at the same time.
    """

    def __init__(
        self, model: nn.Module, beta1: float, beta2: float, *, convolutions: bool = False
    ) -> None:
        layers = (nn.Linear, nn.Conv2d, nn.ConvTranspose2d) if convolutions else nn.Linear
        chosen = {id(m.weight) for m in model.modules() if isinstance(m, layers)}
        self.weights = [p for p in model.parameters() if id(p) in chosen]
        self.momenta = [torch.zeros_like(w) for w in self.weights]
        self.adam = Adam((p for p in model.parameters() if id(p) not in chosen), beta1, beta2)
        of_weights = [partial(self._update, *pair) for pair in zip(self.weights, self.momenta)]
        self.updates: list[Update] = [self.adam.step, *of_weights]

    def step(self, learning_rate: float, count: int) -> None:
        """Update the parameters by their gradients.

        Args:
            learning_rate: of this update.
            count: updates with this one, from 1.
        """
        for update in self.updates:
            update(learning_rate, count)

    @torch.no_grad()
    def _update(self, weight: Tensor, momentum: Tensor, learning_rate: float, count: int) -> None:
        if weight.grad is not None:
            momentum.lerp_(weight.grad, 1 - MOMENTUM)
            gradient = weight.grad.lerp(momentum, MOMENTUM).flatten(1)
            size = UPDATE_SIZE if weight.dim() == 2 else CONVOLUTION_UPDATE_SIZE
            scale = size * max(gradient.shape) ** 0.5
            update = orthogonalize(gradient).reshape(weight.shape)
            weight.add_(update, alpha=-learning_rate * scale)

    def state(self) -> dict[str, Tensor]:
        """What the next update depends on besides the parameters: name -> tensor."""
        momenta = {f"{i}.momentum": momentum for i, momentum in enumerate(self.momenta)}
        return {**self.adam.state(), **momenta}


def orthogonalize(matrix: Tensor) -> Tensor:
    """The matrix with its singular values brought near 1, and its directions kept.

    Those above about a hundredth of the largest end between 0.5 and 1.2; weaker ones grow by up to
    500 times as much as the largest does.

    Five steps of a Newton-Schulz iteration with the coefficients of Jordan et al. 2024, computed on
    the Gram matrix, which is smaller. Of more than 64 rows (columns, if there are fewer of them),
    each block of at most 64 is treated by itself: that costs a fifth for 256.

    Args:
        matrix: two-dimensional; a row or a column of zeros stays so.

    Returns:
        The same shape.
    """
    rows, columns = matrix.shape
    is_wide = rows <= columns
    short = min(rows, columns)
    num = -(-short // BLOCK)
    size = -(-short // num)
    missing = num * size - short
    if is_wide:
        wide = pad(matrix, (0, 0, 0, missing)).unflatten(0, (num, size))
    else:
        wide = pad(matrix, (0, missing)).unflatten(1, (num, size)).permute(1, 2, 0)
    gram = torch.bmm(wide, wide.mT)
    norm = gram.diagonal(dim1=1, dim2=2).sum(1)[:, None, None].sqrt() + TINY
    product = _newton_schulz(gram / norm**2) / norm
    if is_wide:
        return torch.bmm(product, wide).flatten(0, 1)[:rows]
    return torch.bmm(wide.mT, product).transpose(0, 1).flatten(1)[:, :columns]


def _newton_schulz(gram: Tensor) -> Tensor:
    """What makes blocks nearly orthogonal, from their Gram matrices; symmetric, the same shape."""
    product = polynomial = _polynomial(gram)
    for _ in range(ITERATIONS - 1):
        gram = torch.bmm(torch.bmm(polynomial, gram), polynomial)
        polynomial = _polynomial(gram)
        product = torch.bmm(polynomial, product)
    return product


def _polynomial(gram: Tensor) -> Tensor:
    first, second, third = COEFFICIENTS
    result = torch.baddbmm(gram, gram, gram, beta=second, alpha=third)
    result.diagonal(dim1=1, dim2=2).add_(first)
    return result


Optimizer = Adam | Muon

OPTIMIZERS: dict[str, Callable[[nn.Module, Recipe], Optimizer]] = {
    "muon_conv": lambda model, recipe: Muon(
        model, ADAM_BETA1, recipe.adam_beta2, convolutions=True
    ),
    "muon": lambda model, recipe: Muon(model, ADAM_BETA1, recipe.adam_beta2),
    "adam": lambda model, recipe: Adam(model.parameters(), ADAM_BETA1, recipe.adam_beta2),
}
"""Name -> optimizer of all of a model's parameters."""
