"""Gradients of whole batches, in this process."""

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

    def compute(self, step: int) -> Tensor:
        """Leave the gradients of a step in the parameters; see `Gradients.compute`."""
        return self._source.compute_share(step, WHOLE_BATCH)

    def update(self, learning_rate: float, count: int) -> None:
        """Update the parameters; see `Gradients.update`."""
        self._source.optimizer.step(learning_rate, count)

    def close(self) -> None:
        """Nothing was started."""
