"""What a training takes, estimated before anything is allocated: what cannot fit is refused.

The network is built on torch's device "meta", whose tensors have a shape and no memory, so that any
network and any number of latents is counted in a few milliseconds.
"""

from math import prod
from typing import NamedTuple

import torch
from torch import Tensor, nn

from unknot.common.errors import UserError
from unknot.common.machine import memory_bytes
from unknot.config.checks import PROCESS_BYTES, gigabytes
from unknot.config.execution import ExecutionConfig
from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import CUSTOM, DataConfig
from unknot.data.preparation import NUM_CHANNELS, Preparation
from unknot.models.device import choose_device
from unknot.models.networks import NETWORKS, find_network

FLOAT_BYTES = 4
COPIES_OF_WEIGHTS = 4  # weights, gradients, the optimizer's two moments
COPIES_OF_ACTIVATIONS = 2  # kept for the gradients, and their gradients
COPIES_OF_IMAGES = 4  # standardized, reconstructed, and a gradient and a residual of it


MOST_BYTES = 2**63


class Footprint(NamedTuple):
    """What one run takes.

    Attributes:
        num_parameters: of encoder and decoder.
        bytes: of memory while it trains.
    """

    num_parameters: int
    bytes: int


def training_footprint(
    network: str, image_shape: tuple[int, int, int], latent_dim: int, batch_size: int
) -> Footprint | None:
    """Estimate the memory of a training.

    It is `4 (4 P + B (2 A + 4 I))` bytes for `P` parameters, a batch of `B` images, `A` numbers
    that the layers give for an image, and `I` numbers of an image; a number in single precision has
    4 bytes.

    Args:
        network: a name in `NETWORKS`.
        image_shape: channels, height, width.
        latent_dim: number of latents.
        batch_size: images.

    Returns:
        The estimate; None for more than 2^63 bytes, which no machine has.
    """
    try:
        num_parameters, num_activations = _counts(network, image_shape, latent_dim)
    except (RuntimeError, TypeError, OverflowError):  # as torch says that a size has no 64 bits
        return None
    of_image = COPIES_OF_ACTIVATIONS * num_activations + COPIES_OF_IMAGES * prod(image_shape)
    numbers = COPIES_OF_WEIGHTS * num_parameters + batch_size * of_image
    return Footprint(num_parameters, FLOAT_BYTES * numbers)


@torch.no_grad()
def _counts(network: str, image_shape: tuple[int, int, int], latent_dim: int) -> tuple[int, int]:
    """Count a network's parameters, and the numbers that its layers give for an image."""
    num_activations = 0

    def count(layer: nn.Module, given: object, output: Tensor) -> None:
        nonlocal num_activations
        num_activations += output.numel()

    with torch.device("meta"):
        encoder, decoder = find_network(network)(image_shape, latent_dim)
        for layer in (*encoder.modules(), *decoder.modules()):
            if not any(layer.children()):
                layer.register_forward_hook(count)
        encoder(torch.empty(1, *image_shape))
        decoder(torch.empty(1, latent_dim))
    parameters = (*encoder.parameters(), *decoder.parameters())
    return sum(each.numel() for each in parameters), num_activations


def least_image_shape(data: DataConfig) -> tuple[int, int, int]:
    """Say how large images are at least, before they are read: they may have more channels.

    Args:
        data: which images, and how they are prepared.

    Returns:
        Channels, height, width.
    """
    preparation = Preparation(data.size, data.crop, data.color)
    return preparation.image_shape(NUM_CHANNELS[data.color])


def check_memory(
    config: ExperimentConfig, image_shape: tuple[int, int, int], execution: ExecutionConfig
) -> None:
    """Refuse runs that the memory cannot hold; a network of a user's own is not estimated.

    Args:
        config: of the runs.
        image_shape: channels, height, width of the images.
        execution: where and how they are trained.

    Raises:
        UserError: with the estimate, and what to make smaller.
    """
    network, latents = config.model.network, config.model.latent_dim
    if network == CUSTOM or not NETWORKS[network].takes(image_shape):
        return
    batch = config.training.optimization().batch_size
    device = choose_device(execution.device)
    there = _memory_of(device)
    run = training_footprint(network, image_shape, latents, batch)
    size = run.bytes if run else MOST_BYTES
    asked = f"latent_dim is {latents:,} and batch_size {batch:,}"
    if size > there:
        raise UserError(f"{asked}: training takes {_too_much(size, there, device)}; give fewer")
    stacked = min(execution.stack_runs, config.num_runs)
    if size * stacked > there:
        raise UserError(
            f"stack_runs is {execution.stack_runs:,}: {stacked:,} runs at once take "
            f"{_too_much(size * stacked, there, device)}; give fewer"
        )
    workers = min(execution.workers or 1, config.num_runs)
    of_all = workers * (size * stacked + PROCESS_BYTES)
    if device.type == "cpu" and of_all > there:
        raise UserError(
            f"workers is {execution.workers:,}: {workers:,} processes take "
            f"{_too_much(of_all, there, device)}; give fewer"
        )


def _too_much(size: int, there: int, device: torch.device) -> str:
    about = "more than 9 billion GB" if size >= MOST_BYTES else f"about {gigabytes(size)}"
    return f"{about} of memory, and {device} has {gigabytes(there)}"


def _memory_of(device: torch.device) -> int:
    """Bytes of a device's memory; a processor's is the machine's."""
    if device.type == "cuda":
        return int(torch.cuda.get_device_properties(device).total_memory)
    return memory_bytes()
