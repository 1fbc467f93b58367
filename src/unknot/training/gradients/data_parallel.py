"""One run on several cores, data-parallel: each computes a share of a batch, and of the updates.

Threads of one process hand one another parts of every layer's work, which makes a step a third
slower where the host of a virtual machine has put its cores far apart (docs/log.md). Here each core
has a process with one thread, and what they exchange is weights and gradients, once a step.
"""

import os
import signal
import time
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import pairwise
from mmap import mmap
from multiprocessing.connection import Connection, Pipe, wait
from typing import Any, NoReturn

import torch
from torch import Tensor

from unknot.common.child_processes import cause_of_death, end_child, exit_child, fork_child
from unknot.common.errors import UserError
from unknot.common.interruption import SIGNALS
from unknot.training.gradients import GradientSource

PATIENCE_SECONDS = 1.0
"""A copy that has not answered for so long may have been stopped."""


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


class DataParallel:
    """Copies of this process, each with one thread, that share the work of a step with it.

    They run nothing else, hold no thread but their own, and end with this process. Parameters and
    the optimizer's state lie in memory that all have in common, until `close`.

    Args:
        source: the run's; its batches are divided among as many processes as it has threads.

    Raises:
        OSError: if the system refuses another process.
    """

    def __init__(self, source: GradientSource) -> None:
        self._compute_share, self._optimizer = source.compute_share, source.optimizer
        self._is_stopping = source.is_stopping
        self._parameters = list(source.model.parameters())
        self._shared_tensors = [*self._parameters, *self._optimizer.state().values()]
        for tensor in self._shared_tensors:
            tensor.data = _shared_tensor(tensor.data)
        self._num = source.threads
        self.seconds = 0.0
        bounds = [source.batch_size * i // self._num for i in range(self._num + 1)]
        self._shares = [slice(*pair) for pair in pairwise(bounds)]
        self._gradients = [[_shared_tensor(p.data) for p in self._parameters] for _ in self._shares]
        self._connections: list[Connection] = []
        self._worker_pids: list[int] = []
        before = signal.pthread_sigmask(signal.SIG_BLOCK, SIGNALS)  # in the copies for good
        try:
            for number in range(1, self._num):
                self._start(number)
        except OSError:
            self.close()
            raise
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def compute(self, step: int) -> Tensor:
        """Leave the gradients of a step in the parameters; see `Gradients.compute`.

        Raises:
            UserError: if a copy has ended.
        """
        began = time.perf_counter()
        with one_thread():
            self._send(step)
            means = self._gradients_of_share(0, step)
            for share_means in self._receive():
                means += torch.tensor(share_means)
            total, *others = self._gradients
            for gradients in others:
                torch._foreach_add_(total, gradients)
        self.seconds = time.perf_counter() - began
        return means

    def update(self, learning_rate: float, count: int) -> None:
        """Update the parameters, each process some of them; see `Gradients.update`.

        Raises:
            UserError: if a copy has ended.
        """
        with one_thread():
            self._send((learning_rate, count))
            self._apply_updates(0, learning_rate, count)
            self._receive()

    def close(self) -> None:
        """End the copies, and give the model and the optimizer memory of their own again."""
        for connection in self._connections:
            connection.close()
        for pid in self._worker_pids:
            end_child(pid)
        for tensor in self._shared_tensors:
            tensor.data = tensor.data.clone()
        self._connections, self._worker_pids, self._shared_tensors = [], [], []

    def _gradients_of_share(self, number: int, step: int) -> Tensor:
        """Compute a share's means; its gradients go into common memory, where all are added up."""
        means = self._compute_share(step, self._shares[number])
        for parameter, place, total in zip(
            self._parameters, self._gradients[number], self._gradients[0]
        ):
            assert parameter.grad is not None
            place.copy_(parameter.grad)
            parameter.grad = total
        return means

    def _apply_updates(self, number: int, learning_rate: float, count: int) -> None:
        for update in self._optimizer.updates[number :: self._num]:
            update(learning_rate, count)

    def _send(self, request: Any) -> None:
        with self._explaining_a_death():
            for connection in self._connections:
                connection.send(request)

    def _receive(self) -> list[Any]:
        with self._explaining_a_death():
            answers = [self._answer(connection) for connection in self._connections]
        for answer in answers:
            if isinstance(answer, str):
                raise RuntimeError(f"in a process that computes a part of every batch:\n{answer}")
        return answers

    def _answer(self, connection: Connection) -> Any:
        """Wait for what a copy answers; none stays stopped where the run is to save and stop."""
        while not wait([connection], PATIENCE_SECONDS):
            if self._is_stopping():
                for pid in self._worker_pids:
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGCONT)
        return connection.recv()

    @contextmanager
    def _explaining_a_death(self) -> Iterator[None]:
        try:
            yield
        except (EOFError, ConnectionError):
            raise UserError(
                f"a helper process of this run has ended: {cause_of_death(self._worker_pids)}; run "
                "the command again, and if it happens again, add --data-parallel off and another "
                "--out"
            ) from None

    def _start(self, number: int) -> None:
        ours, theirs = Pipe()
        self._connections.append(ours)
        pid = fork_child()
        if pid == 0:
            self._worker_loop(number, theirs)
        self._worker_pids.append(pid)
        theirs.close()

    def _worker_loop(self, number: int, connection: Connection) -> NoReturn:
        """Worker loop: compute this worker's share of each request until the pipe closes."""
        try:
            for inherited in self._connections:
                inherited.close()
            torch.set_num_threads(1)
            while True:
                request = connection.recv()
                if isinstance(request, int):
                    connection.send(self._gradients_of_share(number, request).tolist())
                else:
                    self._apply_updates(number, *request)
                    connection.send(None)
        except (EOFError, ConnectionError):
            pass
        except BaseException:
            with suppress(OSError):
                connection.send(traceback.format_exc())
        finally:
            exit_child()


def _shared_tensor(tensor: Tensor) -> Tensor:
    """Copy into memory that processes forked from this one have in common, laid out alike."""
    memory = mmap(-1, tensor.nbytes)
    flat = torch.frombuffer(memory, dtype=tensor.dtype)
    return flat.as_strided(tensor.shape, tensor.stride()).copy_(tensor)
