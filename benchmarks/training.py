"""Images per second of the training step beside a plain loop, and where the time goes.

    python benchmarks/training.py [--rounds 5] [--layers] [--json]

The plain loop is written as is usual elsewhere: contiguous tensors, eager, Adam, one process with
all threads. Every side runs in fresh processes, in turn. Reference network, batch 64;
`share_of_sgemm` takes 107 MFLOP per image (forward and backward) over what sgemm reaches in the
same round with both threads. One run on all cores is computed by threads and, as is done unasked,
data-parallel by processes. `--layers` times each convolution in one thread.
"""

import argparse
import json
import multiprocessing
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from multiprocessing.queues import Queue
from multiprocessing.synchronize import Barrier
from typing import Any, NamedTuple

import torch
from torch import nn

from common import alternate, machine, sgemm_gflops, show, summary
from unknot.common.machine import num_cores
from unknot.config.parts import TrainingConfig
from unknot.config.run import RunConfig
from unknot.data.load import load_images
from unknot.models.layers import Convolution, TransposedConvolution, set_up_layers
from unknot.runs.folder import RunFolder
from unknot.training.gradients import DATA_PARALLEL, SINGLE, can_share
from unknot.training.memory import disable_heap_trimming
from unknot.training.precision import computes_in_bfloat16
from unknot.training.trainer import Trainer

BATCH, STEPS, WARM, MFLOP = 64, 30, 5, 107
PLAIN, CPU = "plain", torch.device("cpu")
IMAGE_CHANNELS = 3
TIMEOUT = 600
LAYERS = {
    "convolution 3 to 32": (3, 32, 64, False),
    "convolution 32 to 32": (32, 32, 32, False),
    "convolution 32 to 64": (32, 64, 16, False),
    "convolution 64 to 64": (64, 64, 8, False),
    "transposed 64 to 64": (64, 64, 4, True),
    "transposed 64 to 32": (64, 32, 8, True),
    "transposed 32 to 32": (32, 32, 16, True),
    "transposed 32 to 3": (32, 3, 32, True),
}
"""Channels in and out, and the side of the input."""


class Side(NamedTuple):
    """What is measured.

    Attributes:
        strategy: how gradients are computed, or `plain` for the plain loop.
        precision: of the large layers.
        batch_size: images per step.
        channels: of the images: 3 for the built-in faces, 1 for the sprites.
    """

    strategy: str
    precision: str = "float32"
    batch_size: int = BATCH
    channels: int = IMAGE_CHANNELS


def plain_step(channels: int = IMAGE_CHANNELS) -> Callable[..., None]:
    """A training step of the same network, written without any of this project's code."""
    torch.manual_seed(0)
    down = [(channels, 32), (32, 32), (32, 64), (64, 64)]
    up = [(64, 64), (64, 32), (32, 32), (32, channels)]
    encoder = nn.Sequential(
        *(m for a, b in down for m in (nn.Conv2d(a, b, 4, 2, 1), nn.ReLU())),
        *(nn.Flatten(), nn.Linear(1024, 256), nn.ReLU(), nn.Linear(256, 12)),
    )
    decoder = nn.Sequential(
        *(nn.Linear(6, 256), nn.ReLU(), nn.Linear(256, 1024), nn.Unflatten(1, (64, 4, 4))),
        *(m for a, b in up for m in (nn.ReLU(), nn.ConvTranspose2d(a, b, 4, 2, 1))),
    )
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-4)
    same = torch.rand(BATCH, channels, 64, 64)

    def step(images: torch.Tensor = same) -> None:
        mean, logvar = encoder(images).chunk(2, 1)
        z = mean + torch.exp(0.5 * logvar) * torch.randn_like(mean)
        distortion = 0.5 * ((images - decoder(z)) ** 2).sum((1, 2, 3))
        kl = (0.5 * (mean**2 + logvar.exp() - 1 - logvar)).sum(1)
        loss = (distortion + kl).mean()
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        loss.item()

    return step


def our_step(side: Side) -> Callable[[], None]:
    """A step of the real loop."""
    training = TrainingConfig(
        batch_size=side.batch_size,
        precision=side.precision,  # type: ignore[arg-type]
        data_parallel="auto" if side.strategy == DATA_PARALLEL else "off",
    )
    images = load_images("faces" if side.channels == IMAGE_CHANNELS else "sprites")
    with tempfile.TemporaryDirectory() as folder:
        trainer = Trainer(RunConfig(training=training), images, RunFolder(folder), "cpu")
    here = trainer.state.strategy, trainer.precision.name
    if here != (side.strategy, side.precision):
        raise SystemExit(f"{side} is not to be had here: {trainer.precision.note}")
    trainer.start()
    return trainer.step


def process(side: Side, steps: int, threads: int, start: Barrier, rates: "Queue[float]") -> None:
    """Warm up, wait for the others, and tell the images per second."""
    torch.set_num_threads(threads)
    step = plain_step(side.channels) if side.strategy == PLAIN else our_step(side)
    for _ in range(WARM):
        step()
    start.wait(TIMEOUT)
    begun = time.perf_counter()
    for _ in range(steps):
        step()
    rates.put(side.batch_size * steps / (time.perf_counter() - begun))


def rate(side: Side, *, processes: int = 1, threads: int = 1, steps: int = STEPS) -> float:
    """Images per second of all processes together."""
    spawn = multiprocessing.get_context("spawn")
    start, rates = spawn.Barrier(processes), spawn.Queue()
    children = [
        spawn.Process(target=process, args=(side, steps, threads, start, rates))
        for _ in range(processes)
    ]
    for child in children:
        child.start()
    total = sum(rates.get(timeout=TIMEOUT) for _ in children)
    for child in children:
        child.join()
    return total


def precisions() -> tuple[str, ...]:
    """Give the precisions for which this processor has instructions."""
    if computes_in_bfloat16(CPU):
        return "float32", "bfloat16"
    print("left out: bfloat16, for which this processor has no instructions", file=sys.stderr)
    return ("float32",)


def layer_times(repeats: int = 12) -> dict[str, Any]:
    """Milliseconds and GFLOP/s of every convolution, alternating torch's and ours."""
    disable_heap_trimming()
    torch.set_num_threads(1)
    dtypes = {"float32": None, "bfloat16": torch.bfloat16}
    sides = {"torch": None, **{name: dtypes[name] for name in precisions()}}
    taken: dict[str, list[tuple[float, float]]] = {}
    for _ in range(repeats):
        for name, (channels, out, size, transposed) in LAYERS.items():
            for side, dtype in sides.items():
                layer = (TransposedConvolution if transposed else Convolution)(channels, out)
                layer.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
                set_up_layers(layer, dtype=dtype, plain=side == "torch")
                times = timed(layer, channels, size, dtype or torch.float32)
                taken.setdefault(f"{name}, {side}", []).append(times)
    found: dict[str, Any] = {}
    for key, rounds in taken.items():
        channels, out, size, transposed = LAYERS[key.rpartition(", ")[0]]
        gflop = 2 * BATCH * 16 * channels * out * (size if transposed else size // 2) ** 2 / 1e9
        forward, backward = (statistics.median(part) for part in zip(*rounds[2:]))
        passes = 1 if channels == IMAGE_CHANNELS else 2
        found[key] = {
            "forward, ms": round(1e3 * forward, 2),
            "forward, GFLOP/s": round(gflop / forward),
            "backward, ms": round(1e3 * backward, 2),
            "backward, GFLOP/s": round(passes * gflop / backward),
        }
    return found


def timed(layer: nn.Module, channels: int, size: int, dtype: torch.dtype) -> tuple[float, float]:
    """Seconds of one forward and one backward pass; images need no gradient."""
    x = torch.randn(BATCH, channels, size, size).to(dtype, memory_format=torch.channels_last)
    x.requires_grad_(channels != IMAGE_CHANNELS)
    begun = time.perf_counter()
    y = layer(x)
    forward = time.perf_counter() - begun
    gradient = torch.randn_like(y)
    begun = time.perf_counter()
    y.backward(gradient)
    return forward, time.perf_counter() - begun


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--layers", action="store_true")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    load_images("faces")
    cores = num_cores()
    ways = {"one thread": (1, 1), f"{cores} threads": (1, cores), f"{cores} processes": (cores, 1)}
    sides: dict[str, Callable[[], float]] = {PLAIN: lambda: rate(Side(PLAIN), threads=cores)}
    for precision in precisions():
        for way, (processes, threads) in ways.items():
            sides[f"{precision} {SINGLE}, {way}"] = partial(
                rate, Side(SINGLE, precision), processes=processes, threads=threads
            )
        if can_share(BATCH, cores, CPU):
            sides[f"{precision} {DATA_PARALLEL}, one run"] = partial(
                rate, Side(DATA_PARALLEL, precision), threads=cores
            )
    found = alternate({**sides, "sgemm": sgemm_gflops}, options.rounds)
    document: dict[str, Any] = {**machine(), "sgemm_gflops": summary(found["sgemm"])}
    for name in sides:
        shares = [i * MFLOP / 1e3 / g for i, g in zip(found[name], found["sgemm"])]
        ratios = [a / b for a, b in zip(found[name], found["plain"])]
        document[name] = {
            "images_per_second": summary(found[name]),
            "times_plain": round(statistics.median(ratios), 2),
            "share_of_sgemm": round(statistics.median(shares), 2),
        }
    if options.layers:
        document["layers"] = layer_times()
    if options.json:
        print(json.dumps(document, indent=2))
    else:
        show(document, False)


if __name__ == "__main__":
    main()
