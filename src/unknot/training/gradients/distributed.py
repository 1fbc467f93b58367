"""One run on several GPUs or machines: processes that torch.distributed connects share each batch.

`torchrun` starts them. The first leads: it alone has the run's folder, the optimizer and the
schedule; the others get its weights before every step and send back the gradients of their share.
So weights are the same everywhere by construction, a checkpoint is that of any run, and it goes on
with any number of processes. Gloo connects CPUs, NCCL connects GPUs.
"""

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta

import torch
import torch.distributed as dist
from torch import Tensor, nn

from unknot.common.errors import UserError
from unknot.common.interruption import heard_signals
from unknot.common.ranks import num_processes, number_on_machine
from unknot.common.text import on_one_line
from unknot.models.device import choose_device
from unknot.training.gradients import GradientSource, ShareGradients

MOST_LETTERS = 200  # of a reason in an error
END = -1
"""In the place of a step: nothing more is to be computed."""
SECONDS_BETWEEN_STEPS = 24 * 3600.0  # scores and pictures come after the last, checkpoints before


@contextmanager
def connected(device: str) -> Iterator[None]:
    """Connect the processes of a launcher while the block runs; nothing where there is but one.

    Args:
        device: `auto`, `cpu`, `cuda`, ...; each process of a machine takes a GPU of its own.

    Raises:
        UserError: if they cannot be connected.
    """
    if num_processes() < 2:
        yield
        return
    kind = choose_device(device).type
    if kind == "cuda":
        torch.cuda.set_device(number_on_machine() % torch.cuda.device_count())
    backend = "nccl" if kind == "cuda" else "gloo"
    with explained():
        dist.init_process_group(backend, timeout=timedelta(seconds=SECONDS_BETWEEN_STEPS))
    try:
        yield
    finally:
        if dist.get_rank() == 0:
            with suppress(RuntimeError):  # the others may be gone
                dist.broadcast(torch.tensor([END], device=kind), 0)
        dist.destroy_process_group()


def num_connected() -> int:
    """Count the processes that share this run's batches: 1 outside of `connected`."""
    return dist.get_world_size() if dist.is_available() and dist.is_initialized() else 1


class Distributed:
    """The leading process: sends weights, and adds up the gradients of all shares.

    Args:
        source: the run's.
    """

    def __init__(self, source: GradientSource) -> None:
        self._source = source
        self._parameters = list(source.model.parameters())
        self.seconds = 0.0

    def compute(self, step: int) -> Tensor:
        """Leave the gradients of a step in the parameters; see `Gradients.compute`.

        Raises:
            UserError: if another process has ended.
        """
        began = time.perf_counter()
        with explained():
            dist.broadcast(_number(step, self._parameters), 0)
            dist.broadcast(_flat(self._parameters), 0)
        means = _add_up(self._source.compute_share, step, self._source.batch_size, self._parameters)
        self.seconds = time.perf_counter() - began
        return means

    def update(self, learning_rate: float, count: int) -> None:
        """Update the parameters; see `Gradients.update`."""
        self._source.optimizer.step(learning_rate, count)

    def close(self) -> None:
        """Nothing was started; `connected` tells the others when all is over."""


def follow(compute_share: ShareGradients, model: nn.Module, batch_size: int) -> None:
    """Compute this process's share of every step for the leading one, until that has no more.

    Signals to stop are for that one, which saves first: here they do nothing.

    Args:
        compute_share: gradients of a step by a share of its batch.
        model: whose parameters get the weights.
        batch_size: images.

    Raises:
        UserError: if the leading process has ended.
    """
    parameters = list(model.parameters())
    before = {number: signal.signal(number, signal.SIG_IGN) for number in heard_signals()}
    try:
        while (step := _next_step(parameters)) != END:
            with explained():
                weights = _flat(parameters)
                dist.broadcast(weights, 0)
            _unflatten(weights, [parameter.data for parameter in parameters])
            _add_up(compute_share, step, batch_size, parameters)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def share_of(batch_size: int) -> slice:
    """Give the part of a batch that this process computes."""
    num, rank = dist.get_world_size(), dist.get_rank()
    return slice(batch_size * rank // num, batch_size * (rank + 1) // num)


@contextmanager
def explained() -> Iterator[None]:
    """Turn what a connection that broke raises into one line.

    Raises:
        UserError: if it did.
    """
    try:
        yield
    except (RuntimeError, ValueError) as error:
        reason = on_one_line(str(error))[:MOST_LETTERS]
        raise UserError(
            f"a process of this run has ended or cannot be reached ({reason}); the same command "
            "goes on from the last checkpoint"
        ) from None


def _add_up(
    compute_share: ShareGradients, step: int, batch_size: int, parameters: Sequence[nn.Parameter]
) -> Tensor:
    """Compute this process's share; in the leading process all shares are added up."""
    means = compute_share(step, share_of(batch_size))
    gradients = [p.grad if p.grad is not None else torch.zeros_like(p) for p in parameters]
    total = _flat([*gradients, means])
    with explained():
        dist.reduce(total, 0)
    _unflatten(total, [*gradients, means])
    return means


def _next_step(parameters: Sequence[nn.Parameter]) -> int:
    step = _number(END, parameters)
    with explained():
        dist.broadcast(step, 0)
    return int(step.item())


def _number(number: int, parameters: Sequence[nn.Parameter]) -> Tensor:
    """Give a number in the memory that the connection takes it from."""
    return torch.tensor([number], device=parameters[0].device)


def _flat(tensors: Sequence[Tensor]) -> Tensor:
    return torch.cat([tensor.detach().reshape(-1) for tensor in tensors])


def _unflatten(flat: Tensor, tensors: Sequence[Tensor]) -> None:
    """Copy one long tensor into many."""
    parts = flat.split([tensor.numel() for tensor in tensors])
    for tensor, part in zip(tensors, parts):
        tensor.copy_(part.view(tensor.shape))
