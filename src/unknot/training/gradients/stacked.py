"""Several runs as one batched program: their weights stacked, one call for all of them.

Meant for a GPU, which one small model leaves idle. Each run keeps its own images, noise, optimizer
and files; only the forward and backward pass are computed together.
"""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor
from torch.func import functional_call, vmap

from unknot.models.objectives import Loss
from unknot.models.vae import VAE, Posterior, Terms
from unknot.training.batches import Batch
from unknot.training.monitors import batch_means
from unknot.training.optimizers import Optimizer


@dataclass(frozen=True, eq=False)
class Member:
    """What a stack needs of each of its runs.

    Attributes:
        model: on the device that all have in common.
        optimizer: of its parameters.
        batch: of a step.
        loss: of a batch's terms at a step.
        next_step: that the run will take.
    """

    model: VAE
    optimizer: Optimizer
    batch: Callable[[int], Batch]
    loss: Callable[[Terms, int], Loss]
    next_step: Callable[[], int]


@dataclass(eq=False)
class Stack:
    """Runs of the same network, likelihood and batch size, each on the same images.

    Attributes:
        members: that are still being trained.
        seconds: that the last step took, for each of the runs that were computed.
    """

    seconds: float = 0.0
    members: list[Member] = field(default_factory=list)
    _means: dict[Member, Tensor] = field(default_factory=dict, init=False)

    def compute_for(self, member: Member, step: int) -> Tensor:
        """Give `batch_means` of a member, whose gradients are left in its parameters.

        The first that asks for a step has it computed for all that will take it.
        """
        if member not in self._means:
            together = [m for m in self.members if m.next_step() == step]
            began = time.perf_counter()
            self._means = dict(zip(together, compute_together(together, step)))
            self.seconds = (time.perf_counter() - began) / len(together)
        return self._means.pop(member)


class Stacked:
    """Computes a run's batches together with those of the other runs in its stack.

    Args:
        stack: it joins.
        member: this run.
    """

    def __init__(self, stack: Stack, member: Member) -> None:
        self._stack, self._member = stack, member
        self.seconds = 0.0
        stack.members.append(member)

    def compute(self, step: int) -> Tensor:
        """Leave the gradients of a step in the parameters; see `Gradients.compute`."""
        means = self._stack.compute_for(self._member, step)
        self.seconds = self._stack.seconds
        return means

    def update(self, learning_rate: float, count: int) -> None:
        """Update the parameters; see `Gradients.update`."""
        self._member.optimizer.step(learning_rate, count)

    def close(self) -> None:
        """Leave the stack."""
        if self._member in self._stack.members:
            self._stack.members.remove(self._member)


def compute_together(members: Sequence[Member], step: int) -> list[Tensor]:
    """Compute the gradients of one step of several runs; each run's are left in its parameters.

    Args:
        members: one or more.
        step: from 0.

    Returns:
        `batch_means` of each.
    """
    batches = [member.batch(step) for member in members]
    model = members[0].model
    parameters = _stacked_parameters([dict(m.model.named_parameters()) for m in members])
    x = torch.stack([m.model.standardize(batch.pixels) for m, batch in zip(members, batches)])
    noise = torch.stack([batch.noise for batch in batches])

    def terms_of(parameters: dict[str, Tensor], x: Tensor, noise: Tensor) -> Terms:
        terms: Terms = functional_call(model, parameters, (x, noise))
        return terms

    stacked_terms = vmap(terms_of)(parameters, x, noise)
    terms = [_row(stacked_terms, i) for i in range(len(members))]
    losses = [member.loss(one_run, step) for member, one_run in zip(members, terms)]
    torch.stack([loss.value for loss in losses]).sum().backward()
    for i, member in enumerate(members):
        _hand_over(parameters, i, member.model)
    return [batch_means(loss, one_run) for loss, one_run in zip(losses, terms)]


def _stacked_parameters(models: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Stack the parameters of every run along a new first dimension, as leaves of their own."""
    return {
        name: torch.stack([model[name].detach() for model in models]).requires_grad_()
        for name in models[0]
    }


def _row(terms: Terms, i: int) -> Terms:
    posterior = Posterior(terms.posterior.mean[i], terms.posterior.logvar[i])
    return Terms(distortion=terms.distortion[i], kl=terms.kl[i], posterior=posterior, z=terms.z[i])


def _hand_over(stacked: dict[str, Tensor], i: int, model: VAE) -> None:
    """Give a run its gradients, in the memory layout of its parameters."""
    for name, parameter in model.named_parameters():
        gradient = stacked[name].grad
        parameter.grad = (
            None if gradient is None else torch.empty_like(parameter).copy_(gradient[i])
        )
