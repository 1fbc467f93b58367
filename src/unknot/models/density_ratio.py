"""The total correlation from a classifier: codes against codes whose latents are dealt anew.

A discriminator that tells codes from codes with independent latents, and is sure to the right
degree, has the logarithm of their density ratio as the difference of its two logits; its mean over
codes is their total correlation (Kim and Mnih 2018, equation 3).
"""

import torch
from torch import Tensor, nn
from torch.func import functional_call

from unknot.models.device import send_to_device
from unknot.models.layers import Linear

SLOPE = 0.2  # of the leaky ReLU below 0


def build_discriminator(latent_dim: int, hidden_units: int, hidden_layers: int) -> nn.Sequential:
    """Build the discriminator of Kim and Mnih 2018, appendix A.

    Args:
        latent_dim: number of latents.
        hidden_units: of each hidden layer.
        hidden_layers: at least one; a leaky ReLU follows each.

    Returns:
        Codes `(batch, latent_dim)` -> logits `(batch, 2)`: codes as they are, and permuted ones.
    """
    layers: list[nn.Module] = [nn.Linear(latent_dim, hidden_units), nn.LeakyReLU(SLOPE)]
    for _ in range(hidden_layers - 1):
        layers += [Linear(hidden_units, hidden_units), nn.LeakyReLU(SLOPE)]
    return nn.Sequential(*layers, nn.Linear(hidden_units, 2))


def permute_latents(codes: Tensor, *, generator: torch.Generator) -> Tensor:
    """Deal each latent's values anew to the images, apart from the other latents.

    Each latent keeps its values, hence its distribution, and no two latents go together any more
    (Kim and Mnih 2018, algorithm 1).

    Args:
        codes: shape `(batch, latent_dim)`.
        generator: on the CPU.

    Returns:
        Same shape.
    """
    order = torch.rand(codes.shape, generator=generator).argsort(0)
    return codes.gather(0, send_to_device(order, codes.device))


def log_density_ratio(discriminator: nn.Module, codes: Tensor) -> Tensor:
    """Estimate the logarithm of a code's density over that with independent latents.

    Gradients reach the codes, never the discriminator.

    Args:
        discriminator: as of `build_discriminator`; says device and precision.
        codes: shape `(batch, latent_dim)`.

    Returns:
        Nats, shape `(batch,)`.
    """
    weights = {name: weight.detach() for name, weight in discriminator.named_parameters()}
    inputs = codes.to(next(iter(weights.values())))
    joint, permuted = functional_call(discriminator, weights, (inputs,)).unbind(1)
    ratio: Tensor = joint - permuted
    return ratio


def classification_loss(discriminator: nn.Module, codes: Tensor, permuted: Tensor) -> Tensor:
    """Measure how badly a discriminator tells codes from permuted ones.

    Args:
        discriminator: as of `build_discriminator`.
        codes: shape `(batch, latent_dim)`.
        permuted: of other images, same shape.

    Returns:
        Cross entropy in nats per code, a scalar: ln 2 where it tells nothing.
    """
    logits = discriminator(torch.cat([codes, permuted]))
    labels = torch.arange(2, device=logits.device).repeat_interleave(len(codes))
    return nn.functional.cross_entropy(logits, labels)
