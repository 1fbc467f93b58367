"""Several runs as one batched program: their weights stacked, one call for all of them.

Meant for a GPU, which one small model leaves idle. Each run keeps its own images, noise, optimiser
and files; only the forward and backward pass are computed together.
"""

import time
from collections.abc import Sequence

import torch
from torch import Tensor
from torch.func import functional_call, vmap

from unknot.errors import UserError
from unknot.model.vae import Posterior, Terms
from unknot.training.recorders import means_of
from unknot.training.trainer import Trainer


def step_together(trainers: Sequence[Trainer]) -> list[UserError | None]:
    """One update of each of several runs.

    Args:
        trainers: of the same network, likelihood and batch size, each on the same images.

    Returns:
        For each, what stopped its training, or None.
    """
    begun = time.perf_counter()
    inputs = [trainer.inputs(trainer.position.step) for trainer in trainers]
    model = trainers[0].model
    stacked = _stack([dict(trainer.model.named_parameters()) for trainer in trainers])
    x = torch.stack([t.model.standardize(i.pixels) for t, i in zip(trainers, inputs)])
    noise = torch.stack([i.noise for i in inputs])

    def terms_of(parameters: dict[str, Tensor], x: Tensor, noise: Tensor) -> Terms:
        terms: Terms = functional_call(model, parameters, (x, noise))
        return terms

    terms = vmap(terms_of)(stacked, x, noise)
    each = [_row(terms, i) for i in range(len(trainers))]
    losses = [t.objective(one, i.beta) for t, one, i in zip(trainers, each, inputs)]
    torch.stack(losses).sum().backward()
    stopped: list[UserError | None] = []
    for i, (trainer, loss, one) in enumerate(zip(trainers, losses, each)):
        _hand_over(stacked, i, trainer)
        try:
            trainer.learn(means_of(loss, one), begun)
            stopped.append(None)
        except UserError as error:
            stopped.append(error)
    return stopped


def _stack(each: list[dict[str, Tensor]]) -> dict[str, Tensor]:
    """Parameters of every run along a new first dimension, as leaves of their own."""
    return {
        name: torch.stack([one[name].detach() for one in each]).requires_grad_() for name in each[0]
    }


def _row(terms: Terms, i: int) -> Terms:
    posterior = Posterior(terms.posterior.mean[i], terms.posterior.logvar[i])
    return Terms(terms.distortion[i], terms.kl[i], posterior, terms.z[i])


def _hand_over(stacked: dict[str, Tensor], i: int, trainer: Trainer) -> None:
    """Give a run its gradients, in the memory layout of its parameters."""
    for name, parameter in trainer.model.named_parameters():
        gradient = stacked[name].grad
        parameter.grad = (
            None if gradient is None else torch.empty_like(parameter).copy_(gradient[i])
        )
