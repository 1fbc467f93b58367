"""What each network is made of, and what a step of it costs.

    python benchmarks/networks.py [--rounds 5] [--json]

Steps of the real loop on the built-in faces at 64 pixels, batch 64, ten latents, one process with
one thread, all networks in turn. Time is the processor's, so that other programs on the machine do
not count; the ratio is the median over rounds of a round's time over that of `higgins_conv` in the
same round.
"""

import statistics
import tempfile
import time
from collections.abc import Callable

import torch

from common import alternate, arguments, machine, show, summary
from unknot.config.parts import ModelConfig, TrainingConfig
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.data.load import load_images
from unknot.models.networks import NETWORKS, find_network
from unknot.runs.folder import RunFolder
from unknot.training.trainer import Trainer

BASE, STEPS, WARM, LATENT_DIM = "higgins_conv", 4, 2, 10


def num_parameters(network: str, images: ImageSet) -> dict[str, int]:
    """Count the numbers that are trained, in encoder and decoder."""
    pair = find_network(network)(images.image_shape, LATENT_DIM)
    counts = [sum(parameter.numel() for parameter in part.parameters()) for part in pair]
    return dict(zip(("encoder", "decoder"), counts))


def steps_of(network: str, images: ImageSet, folder: str) -> Callable[[], float]:
    """Give what takes some steps of a network and says how long one took, in seconds."""
    training = TrainingConfig(batch_size=64, data_parallel="off")
    model = ModelConfig(network=network, latent_dim=LATENT_DIM)
    config = RunConfig(1.0, model=model, training=training)
    trainer = Trainer(config, images, RunFolder(f"{folder}/{network}"), "cpu")
    trainer.start()
    for _ in range(WARM):
        trainer.step()

    def measure() -> float:
        begun = time.process_time()
        for _ in range(STEPS):
            trainer.step()
        return (time.process_time() - begun) / STEPS

    return measure


def main() -> None:
    options = arguments(__doc__, rounds=5)
    torch.set_num_threads(1)
    images = load_images("faces", num=2_000)
    with tempfile.TemporaryDirectory() as folder:
        sides = {name: steps_of(name, images, folder) for name in NETWORKS}
        seconds = alternate(sides, options.rounds)
    document = {
        name: {
            **num_parameters(name, images),
            "milliseconds": summary([1_000 * value for value in values]),
            "ratio": statistics.median(a / b for a, b in zip(values, seconds[BASE])),
        }
        for name, values in seconds.items()
    }
    show({**document, "machine": machine()}, options.json)


if __name__ == "__main__":
    main()
