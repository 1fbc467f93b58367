"""What a step of each objective costs beside the beta-VAE's.

    python benchmarks/objectives.py [--rounds 15] [--json]

Steps of the real loop, reference network, batch 64, six latents, one process, all objectives in
turn. `plain_tcvae` is the loss of the beta-TCVAE as it is usually written elsewhere, with the
minibatch-weighted estimator, and `plain_factor_vae` are the two losses of the FactorVAE and its
discriminator, in single precision; both in the same loop. The ratio is the median over rounds of a
round's time over that of `beta_vae` in the same round.
"""

import itertools
import statistics
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor, nn

from common import alternate, arguments, machine, show, summary
from unknot.config.parts import TrainingConfig
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.data.load import load_images
from unknot.models.objectives import OBJECTIVES, AdamSettings, Loss, StepContext
from unknot.models.vae import Terms
from unknot.runs.folder import RunFolder
from unknot.training.trainer import Trainer

BASE, STEPS, WARM, BETA = "beta_vae", 10, 5, 4.0


@dataclass(frozen=True)
class PlainTCVAE:
    """The beta-TCVAE of Chen et al. 2018, written without this project's estimators."""

    needs_whole_batch: ClassVar[bool] = True
    quantities: ClassVar[tuple[str, ...]] = ()
    collapses_by_beta: ClassVar[bool] = False
    larger_beta_is_weaker: ClassVar[bool] = False
    beta_is: ClassVar[str] = "a strength"

    def check(self, beta: float, batch_size: int) -> None:
        """Every beta and batch fits."""

    def loss(self, terms: Terms, at: StepContext) -> Loss:
        """Three terms from densities of all pairs."""
        mean, logvar = terms.posterior
        normal = torch.distributions.Normal(mean, (0.5 * logvar).exp(), validate_args=False)
        pairs = torch.distributions.Normal(
            mean[None], (0.5 * logvar[None]).exp(), validate_args=False
        ).log_prob(terms.z[:, None])
        log_weight = torch.log(torch.tensor(1.0 / (len(mean) * at.num_train)))
        given = normal.log_prob(terms.z).sum(1)
        joint = torch.logsumexp(pairs.sum(2) + log_weight, 1)
        product = torch.logsumexp(pairs + log_weight, 1).sum(1)
        prior = torch.distributions.Normal(0.0, 1.0).log_prob(terms.z).sum(1)
        parts = (given - joint) + at.beta * (joint - product) + (product - prior)
        return Loss((terms.distortion + parts).mean())


@dataclass(frozen=True)
class PlainFactorVAE:
    """The FactorVAE of Kim and Mnih 2018, written with torch's layers alone."""

    needs_whole_batch: ClassVar[bool] = True
    quantities: ClassVar[tuple[str, ...]] = ("discriminator_loss",)
    collapses_by_beta: ClassVar[bool] = False
    larger_beta_is_weaker: ClassVar[bool] = False
    beta_is: ClassVar[str] = "a strength"
    adversary_adam: ClassVar[AdamSettings] = AdamSettings(1e-4, 0.5, 0.9)

    def check(self, beta: float, batch_size: int) -> None:
        """Every beta and batch fits."""

    def build_adversary(self, latent_dim: int) -> nn.Module:
        """Six hidden layers of 1000 units."""
        sizes = [latent_dim, *[1000] * 6]
        layers: list[nn.Module] = []
        for before, after in itertools.pairwise(sizes):
            layers += [nn.Linear(before, after), nn.LeakyReLU(0.2)]
        return nn.Sequential(*layers, nn.Linear(1000, 2))

    def loss(self, terms: Terms, at: StepContext) -> Loss:
        """Distortion, rate and the mean difference of the logits."""
        assert at.adversary
        logits = at.adversary(terms.z)
        ratio = (logits[:, 0] - logits[:, 1]).mean()
        return Loss((terms.distortion + terms.kl.sum(1)).mean() + at.beta * ratio)

    def adversary_loss(self, codes: Tensor, other_codes: Tensor, at: StepContext) -> Tensor:
        """Two cross entropies, one after the other."""
        assert at.adversary
        orders = [torch.randperm(len(codes)) for _ in range(codes.shape[1])]
        permuted = torch.stack([other_codes[order, j] for j, order in enumerate(orders)], 1)
        zeros = torch.zeros(len(codes), dtype=torch.long)
        cross_entropy = nn.functional.cross_entropy
        of_codes = cross_entropy(at.adversary(codes), zeros)
        return 0.5 * (of_codes + cross_entropy(at.adversary(permuted), zeros + 1))


def steps_of(objective: str, images: ImageSet, folder: str) -> Callable[[], float]:
    """Give what takes some steps with an objective and says how long one took, in seconds."""
    training = TrainingConfig(objective=objective, batch_size=64, data_parallel="off")
    config = RunConfig(BETA, training=training)
    trainer = Trainer(config, images, RunFolder(f"{folder}/{objective}"), "cpu")
    trainer.start()
    for _ in range(WARM):
        trainer.step()

    def measure() -> float:
        begun = time.perf_counter()
        for _ in range(STEPS):
            trainer.step()
        return (time.perf_counter() - begun) / STEPS

    return measure


def main() -> None:
    options = arguments(__doc__, rounds=15)
    OBJECTIVES["plain_tcvae"] = f"{__name__}:PlainTCVAE"
    OBJECTIVES["plain_factor_vae"] = f"{__name__}:PlainFactorVAE"
    images = load_images("faces")
    with tempfile.TemporaryDirectory() as folder:
        sides = {name: steps_of(name, images, folder) for name in OBJECTIVES}
        seconds = alternate(sides, options.rounds)
    document = {
        name: {
            "milliseconds": summary([1_000 * value for value in values]),
            "ratio": statistics.median(a / b for a, b in zip(values, seconds[BASE])),
        }
        for name, values in seconds.items()
    }
    show({**document, "threads": torch.get_num_threads(), "machine": machine()}, options.json)


if __name__ == "__main__":
    main()
