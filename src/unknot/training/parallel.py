"""One run on several cores, data-parallel: each computes a share of a batch, and of the updates.

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
from typing import Any, NoReturn

import torch
from torch import Tensor, nn

from unknot.errors import UserError
from unknot.training.optimizers import Optimizer

SMALLEST = 16  # images in a share; of fewer, what a step costs whatever their number eats the gain
SIGNALS = {signal.SIGINT, signal.SIGTERM}

Differentiate = Callable[[int, slice], Tensor]
"""A step and a share of its batch -> means; they and the gradients that it leaves in the parameters
are the share's part of the batch's, and add up."""


def can_share(batch_size: int, num: int, device: torch.device) -> bool:
    """Whether processes can compute a batch here, and each has enough to do.

    Args:
        batch_size: images.
        num: processes.
        device: the model's.
    """
    if sys.platform != "linux" or device.type != "cpu" or torch.accelerator.is_available():
        return False  # an accelerator's threads would be missing in a copy of the process
    return 1 < num <= batch_size // SMALLEST


@contextmanager
def one_thread() -> Iterator[None]:
    """While the block runs, torch computes in the calling thread alone.

    So it does in any thread that is started meanwhile.
    """
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


class Replicas:
    """Copies of this process, each with one thread, that share the work of a step with it.

    They run nothing else, hold no thread but their own, and end with this process.

    Args:
        model: its parameters lie in memory that all have in common, until `close`.
        optimizer: of these; its state likewise.
        differentiate: computes a share of a step.
        batch_size: images.
        num: processes that divide them, this one among them.

    Raises:
        OSError: if the system refuses another process.
    """

    def __init__(
        self,
        model: nn.Module,
        optimizer: Optimizer,
        differentiate: Differentiate,
        batch_size: int,
        num: int,
    ) -> None:
        self._differentiate, self._optimizer = differentiate, optimizer
        self._parameters = list(model.parameters())
        self._lent = [*self._parameters, *optimizer.state().values()]
        for tensor in self._lent:
            tensor.data = _in_common(tensor.data)
        self._num = num
        bounds = [batch_size * i // num for i in range(num + 1)]
        self._shares = [slice(*pair) for pair in pairwise(bounds)]
        self._gradients = [[_in_common(p.data) for p in self._parameters] for _ in self._shares]
        self._connections: list[Connection] = []
        self._copies: list[int] = []
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # in the copies for good
        try:
            for number in range(1, num):
                self._start(number)
        except OSError:
            self.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def differentiate(self, step: int) -> Tensor:
        """Leave the gradients of a step's whole batch in the parameters.

        Args:
            step: from 0.

        Returns:
            The means of the whole batch.

        Raises:
            UserError: if a copy has ended.
        """
        self._tell(step)
        means = self._compute(0, step)
        for theirs in self._hear():
            means += torch.tensor(theirs)
        total, *others = self._gradients
        for gradients in others:
            torch._foreach_add_(total, gradients)
        return means

    def update(self, learning_rate: float, count: int) -> None:
        """Update the parameters by the gradients that a step has left.

        Args:
            learning_rate: of this update.
            count: updates with this one, from 1.

        Raises:
            UserError: if a copy has ended.
        """
        self._tell((learning_rate, count))
        self._change(0, learning_rate, count)
        self._hear()

    def close(self) -> None:
        """End the copies, and give the model and the optimiser memory of their own again."""
        for connection in self._connections:
            connection.close()
        for copy in self._copies:
            with suppress(ChildProcessError):  # somebody else has waited for it
                os.waitpid(copy, 0)
        for tensor in self._lent:
            tensor.data = tensor.data.clone()
        self._connections, self._copies, self._lent = [], [], []

    def _compute(self, number: int, step: int) -> Tensor:
        """A share's means; its gradients go into common memory, where those of all are added up."""
        means = self._differentiate(step, self._shares[number])
        for parameter, place, total in zip(
            self._parameters, self._gradients[number], self._gradients[0]
        ):
            assert parameter.grad is not None
            place.copy_(parameter.grad)
            parameter.grad = total
        return means

    def _change(self, number: int, learning_rate: float, count: int) -> None:
        for update in self._optimizer.updates[number :: self._num]:
            update(learning_rate, count)

    def _tell(self, what: Any) -> None:
        with _explaining_an_end():
            for connection in self._connections:
                connection.send(what)

    def _hear(self) -> list[Any]:
        with _explaining_an_end():
            answers = [connection.recv() for connection in self._connections]
        for answer in answers:
            if isinstance(answer, str):
                raise RuntimeError(f"in a process that computes a part of every batch:\n{answer}")
        return answers

    def _start(self, number: int) -> None:
        ours, theirs = Pipe()
        self._connections.append(ours)
        copy = os.fork()
        if copy == 0:
            self._serve(number, theirs)
        self._copies.append(copy)
        theirs.close()

    def _serve(self, number: int, connection: Connection) -> NoReturn:
        """What a copy does: its share of what it is told, until the pipe closes."""
        try:
            for inherited in self._connections:
                inherited.close()
            torch.set_num_threads(1)
            while True:
                told = connection.recv()
                if isinstance(told, int):
                    connection.send(self._compute(number, told).tolist())
                else:
                    self._change(number, *told)
                    connection.send(None)
        except (EOFError, ConnectionError):
            pass
        except BaseException:
            with suppress(OSError):
                connection.send(traceback.format_exc())
        finally:
            os._exit(0)  # nothing of the caller's is to run here


@contextmanager
def _explaining_an_end() -> Iterator[None]:
    try:
        yield
    except (EOFError, ConnectionError):
        raise UserError(
            "a process that computes a part of every batch has ended (out of memory?); run the "
            "command again, and if it happens again, with --mode eager and another --out"
        ) from None


def _in_common(tensor: Tensor) -> Tensor:
    """A copy, laid out alike, in memory that processes forked from this one have in common."""
    memory = mmap(-1, tensor.nbytes)
    flat = torch.frombuffer(memory, dtype=tensor.dtype)
    return flat.as_strided(tensor.shape, tensor.stride()).copy_(tensor)
