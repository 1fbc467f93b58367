"""One run on several cores, data-parallel: each core computes the gradients of a share of a batch.

Threads of one process hand one another parts of every layer's work, which makes a step a third
slower where the host of a virtual machine has put its cores far apart (docs/log.md). Here each core
has a process with one thread, and what they exchange is weights and gradients, once a step.
"""

import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from mmap import mmap
from multiprocessing.connection import Connection, Pipe
from typing import NoReturn

import torch
from torch import Tensor, nn

from unknot.errors import UserError

SMALLEST = 16  # images in a share; what a step costs whatever their number weighs more in smaller

Differentiate = Callable[[int, slice], Tensor]
"""A step and a share of its batch -> figures that add up over the shares, as the gradients do that
it leaves in the parameters."""


def can_share(batch_size: int, device: torch.device) -> bool:
    """Whether a batch can be computed by as many processes as torch has threads here.

    Args:
        batch_size: images.
        device: the model's.
    """
    on_cpu = device.type == "cpu" and not torch.cuda.is_available()  # its threads are not copied
    can_copy = on_cpu and sys.platform == "linux"
    return can_copy and 1 < torch.get_num_threads() <= batch_size // SMALLEST


@contextmanager
def one_thread() -> Iterator[None]:
    """While the block runs, torch computes in the calling thread alone."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Replicas:
    """Copies of this process, each with one thread, that compute gradients for it.

    Args:
        model: its parameters move to memory that this process and its copies have in common.
        differentiate: computes a share of a step.
        batch_size: images; divided by as many processes as torch has threads, this one among them.
    """

    def __init__(self, model: nn.Module, differentiate: Differentiate, batch_size: int) -> None:
        self._differentiate = differentiate
        self._parameters = list(model.parameters())
        for parameter in self._parameters:
            parameter.data = _in_common(parameter.data)
        num = torch.get_num_threads()
        bounds = [batch_size * i // num for i in range(num + 1)]
        self._own, *others = [slice(*pair) for pair in pairwise(bounds)]
        self._gradients = [[_in_common(p.data) for p in self._parameters] for _ in others]
        self._connections: list[Connection] = []
        self._copies: list[int] = []
        for share, gradients in zip(others, self._gradients):
            ours, theirs = Pipe()
            self._connections.append(ours)
            self._copies.append(os.fork() or self._serve(share, theirs, gradients))
            theirs.close()

    def differentiate(self, step: int) -> Tensor:
        """Leave the gradients of a step's whole batch in the parameters.

        Args:
            step: from 0.

        Returns:
            The figures of all shares, added up.

        Raises:
            UserError: if a copy has ended.
        """
        try:
            for connection in self._connections:
                connection.send_bytes(step.to_bytes(8))
            figures = self._differentiate(step, self._own)
            own = [_gradient(parameter) for parameter in self._parameters]
            for connection, gradients in zip(self._connections, self._gradients):
                theirs = bytearray(connection.recv_bytes())
                figures += torch.frombuffer(theirs, dtype=figures.dtype)
                torch._foreach_add_(own, gradients)
        except (EOFError, ConnectionError):
            raise UserError(
                "a process that computes a part of every batch has ended (out of memory?); run the "
                "command again, with OMP_NUM_THREADS=1 before it if that happens again"
            ) from None
        return figures

    def close(self) -> None:
        """End the copies, which hold nothing that is needed."""
        for connection in self._connections:
            connection.close()
        for copy in self._copies:
            os.kill(copy, signal.SIGKILL)
            os.waitpid(copy, 0)

    def _serve(self, share: slice, connection: Connection, gradients: list[Tensor]) -> NoReturn:
        """What a copy does: its share of each step that it is told, until the pipe closes."""
        try:
            for name in (signal.SIGINT, signal.SIGTERM):
                signal.signal(name, signal.SIG_IGN)  # for the process that it was copied from
            for inherited in self._connections:
                inherited.close()
            torch.set_num_threads(1)
            with suppress(EOFError, ConnectionError):
                while True:
                    figures = self._differentiate(int.from_bytes(connection.recv_bytes()), share)
                    for place, parameter in zip(gradients, self._parameters):
                        place.copy_(_gradient(parameter))
                    connection.send_bytes(figures.numpy().tobytes())
        except BaseException:
            traceback.print_exc()
        finally:
            os._exit(1)  # nothing of the caller's is to run here


def _gradient(parameter: nn.Parameter) -> Tensor:
    assert parameter.grad is not None
    return parameter.grad


def _in_common(tensor: Tensor) -> Tensor:
    """A copy, laid out alike, in memory that processes forked from this one have in common."""
    memory = mmap(-1, tensor.nbytes)
    flat = torch.frombuffer(memory, dtype=tensor.dtype)
    return flat.as_strided(tensor.shape, tensor.stride()).copy_(tensor)
