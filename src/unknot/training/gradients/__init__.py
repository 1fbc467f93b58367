"""How the gradients of a step are computed: one strategy a file, named in `STRATEGIES`.

`choose_strategy` alone knows which one fits.
"""

import sys
from collections.abc import Callable
from typing import NamedTuple, Protocol

import torch
from torch import Tensor

from unknot.common.errors import UserError
from unknot.common.plugins import load_plugin
from unknot.models.vae import VAE
from unknot.training.optimizers import Optimizer

SINGLE, DATA_PARALLEL, STACKED = "single", "data_parallel", "stacked"
DISTRIBUTED = "distributed"

STRATEGIES = {
    SINGLE: "unknot.training.gradients.single:SingleProcess",
    DATA_PARALLEL: "unknot.training.gradients.data_parallel:DataParallel",
    STACKED: "unknot.training.gradients.stacked:Stacked",
    DISTRIBUTED: "unknot.training.gradients.distributed:Distributed",
}
"""Name -> `module:class`: a `Gradients`. Those that compute one run are called with its
`GradientSource`, `stacked` with the stack that it joins and what the stack needs of the run."""

MIN_SHARE = 8  # images; with fewer, the fixed cost of a step eats the gain

ShareGradients = Callable[[int, slice], Tensor]
"""A step and a share of its batch -> `batch_means`; they and the gradients that it leaves in the
parameters are the share's part of the batch's, and add up."""


class GradientSource(NamedTuple):
    """What a strategy computes gradients with.

    Attributes:
        model: whose parameters get the gradients.
        optimizer: of these.
        compute_share: gradients of a step by a share of its batch.
        batch_size: images.
        threads: that the run may use.
        is_stopping: whether the run has been asked to save and stop.
    """

    model: VAE
    optimizer: Optimizer
    compute_share: ShareGradients
    batch_size: int
    threads: int
    is_stopping: Callable[[], bool] = lambda: False


class Gradients(Protocol):
    """Computes the gradients of a run's steps, and applies the optimizer to them.

    Attributes:
        seconds: that the last `compute` took, for this run.
    """

    seconds: float

    def compute(self, step: int) -> Tensor:
        """Leave the gradients of a step's whole batch in the parameters.

        Args:
            step: from 0.

        Returns:
            `batch_means` of the whole batch.

        Raises:
            UserError: if they cannot be computed any more.
        """

    def update(self, learning_rate: float, count: int) -> None:
        """Update the parameters by the gradients that the last step has left.

        Args:
            learning_rate: of this update.
            count: updates with this one, from 1.

        Raises:
            UserError: if they cannot be updated any more.
        """

    def close(self) -> None:
        """End what was started for this."""


class StrategyRequest(NamedTuple):
    """What decides how a run's gradients are computed.

    Attributes:
        wanted: `auto`, `off` or `stacked`.
        begun_as: the strategy of a run that goes on; empty for one that begins.
        needs_whole_batch: whether objective, likelihood or network see a batch as a whole.
        batch_size: images.
        threads: that the run may use.
        device: the model's.
        processes: that a launcher has connected for this run.
    """

    wanted: str
    begun_as: str
    needs_whole_batch: bool
    batch_size: int
    threads: int
    device: torch.device
    processes: int = 1


def choose_strategy(request: StrategyRequest) -> str:
    """Choose how to compute the steps; a run that was begun in one process goes on in one.

    But for one that several connected processes share, or did before: it goes on with as many as
    there are.

    Raises:
        UserError: if connected processes cannot share the run's batches.
    """
    if request.processes > 1:
        _check_divisible(request)
        return DISTRIBUTED
    if request.begun_as == STACKED or (request.wanted == STACKED and not request.begun_as):
        return SINGLE if request.needs_whole_batch else STACKED
    is_off = request.wanted == "off" or request.begun_as == SINGLE
    is_shared = can_share(request.batch_size, request.threads, request.device)
    if is_off or request.needs_whole_batch or not is_shared:
        return SINGLE
    return DATA_PARALLEL


def _check_divisible(request: StrategyRequest) -> None:
    """Refuse what connected processes cannot divide among them."""
    if request.needs_whole_batch:
        raise UserError(
            "the objective, the likelihood or the network sees a batch as a whole, which several "
            "processes cannot divide; start the command without torchrun"
        )
    if request.batch_size < request.processes:
        raise UserError(
            f"a batch of {request.batch_size} images cannot be divided among {request.processes} "
            "processes; start fewer, or give a larger --batch-size"
        )


def can_share(batch_size: int, num_processes: int, device: torch.device) -> bool:
    """Whether processes can divide a batch here, and each has enough to do.

    Args:
        batch_size: images.
        num_processes: that divide it.
        device: the model's.
    """
    is_cpu = device.type == "cpu" and not torch.accelerator.is_available()
    if sys.platform != "linux" or not is_cpu:
        return False  # an accelerator's threads would be missing in a copy of the process
    return 1 < num_processes <= batch_size // MIN_SHARE


def start_gradients(strategy: str, source: GradientSource) -> Gradients:
    """Start computing gradients by a strategy that computes one run.

    Args:
        strategy: `single` or `data_parallel`; stacked runs are joined by `stack`.
        source: the run's.
    """
    gradients: Gradients = load_plugin("strategy", strategy, STRATEGIES)(source)
    return gradients
