"""Images per second of the training step, beside sgemm and a plain reference loop.

    python benchmarks/training.py [--rounds 5] [--json]

The reference loop is written as is usual elsewhere: contiguous tensors, eager, Adam. Both train the
reference network at batch 64 with two threads in one process, in turn; `share` is the rate reached
(107 MFLOP per image, forward and backward) over what sgemm reaches in the same minute.
"""

import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import torch
from common import alternate, arguments, machine, sgemm_gflops, show, summary
from torch import nn

from unknot.config import RunConfig
from unknot.data.sources import load_images
from unknot.training import loop

BATCH, STEPS, MFLOP = 64, 20, 107


def plain_step() -> Callable[[], None]:
    """A training step of the same network, written without any of this project's code."""
    torch.manual_seed(0)
    down = [(3, 32), (32, 32), (32, 64), (64, 64)]
    up = [(64, 64), (64, 32), (32, 32), (32, 3)]
    encoder = nn.Sequential(
        *(m for a, b in down for m in (nn.Conv2d(a, b, 4, 2, 1), nn.ReLU())),
        *(nn.Flatten(), nn.Linear(1024, 256), nn.ReLU(), nn.Linear(256, 12)),
    )
    decoder = nn.Sequential(
        *(nn.Linear(6, 256), nn.ReLU(), nn.Linear(256, 1024), nn.Unflatten(1, (64, 4, 4))),
        *(m for a, b in up for m in (nn.ReLU(), nn.ConvTranspose2d(a, b, 4, 2, 1))),
    )
    optimizer = torch.optim.Adam([*encoder.parameters(), *decoder.parameters()], lr=1e-4)
    images = torch.rand(BATCH, 3, 64, 64)

    def step() -> None:
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


def rate(step: Callable[[], None]) -> float:
    """Images per second over `STEPS` steps."""
    begun = time.perf_counter()
    for _ in range(STEPS):
        step()
    return BATCH * STEPS / (time.perf_counter() - begun)


def main() -> None:
    options = arguments(__doc__, rounds=5)
    plain = plain_step()
    rate(plain)  # warm; from here on both sides profit from the memory that ours keeps
    with tempfile.TemporaryDirectory() as folder:
        training = loop._Training(RunConfig(), load_images("faces"), Path(folder), "cpu", None)
        rate(training._step)
        sides = {
            "unknot": lambda: rate(training._step),
            "plain": lambda: rate(plain),
            "sgemm": sgemm_gflops,
        }
        found = alternate(sides, options.rounds)
    shares = [i * MFLOP / 1e3 / g for i, g in zip(found["unknot"], found["sgemm"])]
    ratios = [a / b for a, b in zip(found["unknot"], found["plain"])]
    show(
        {
            **machine(),
            "threads": torch.get_num_threads(),
            "unknot_images_per_second": summary(found["unknot"]),
            "plain_images_per_second": summary(found["plain"]),
            "sgemm_gflops": summary(found["sgemm"]),
            "share_of_sgemm": statistics.median(shares),
            "median_ratio": statistics.median(ratios),
        },
        options.json,
    )


if __name__ == "__main__":
    main()
