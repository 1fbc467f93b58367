"""Gradients of whole batches, in this process."""

import time

from torch import Tensor

from unknot.training.gradients import GradientSource

WHOLE_BATCH = slice(None)


class SingleProcess:
    """Computes each batch as a whole, in this process and with its threads.

    Args:
        source: the run's.
    """

    def __init__(self, source: GradientSource) -> None:
        self._source = source
        self.seconds = 0.0

    def compute(self, step: int) -> Tensor:
        """Leave the gradients of a step in the parameters; see `Gradients.compute`."""
        began = time.perf_counter()
        means = self._source.compute_share(step, WHOLE_BATCH)
        self.seconds = time.perf_counter() - began
        return means

    def update(self, learning_rate: float, count: int) -> None:
        """Update the parameters; see `Gradients.update`."""
        self._source.optimizer.step(learning_rate, count)

    def close(self) -> None:
        """Nothing was started."""
