"""An untrained model from plain values."""

import numpy as np
import torch

from unknot.common.errors import UserError
from unknot.common.randomness import derive_seed
from unknot.data.standardize import Standardizer
from unknot.models.likelihoods import build_likelihood
from unknot.models.networks import NetworkBuilder, find_network
from unknot.models.vae import VAE


def build_vae(
    network: str | NetworkBuilder,
    image_shape: tuple[int, int, int],
    latent_dim: int,
    *,
    likelihood: str = "gaussian",
    sigma: float = 1.0,
    standardizer: Standardizer | None = None,
    seed: int = 0,
) -> VAE:
    """Build an untrained model, initialized from a seed.

    Args:
        network: a name in `NETWORKS`, or a builder of a user's own.
        image_shape: channels, height, width.
        latent_dim: number of latents.
        likelihood: a name in `LIKELIHOODS`.
        sigma: standard deviation of the pixels, where the likelihood has a fixed one.
        standardizer: fitted to the training images; None where weights that are loaded bring it.
        seed: of the weights.

    Raises:
        UserError: if a name is not known, or the network does not take images of this size or fit
            the latents.
    """
    builder = find_network(network) if isinstance(network, str) else network
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(seed, "initialisation"))  # the name is part of the seed
        encoder, decoder = builder(image_shape, latent_dim)
    model = VAE(
        encoder,
        decoder,
        build_likelihood(likelihood, sigma),
        standardizer or _blank_standardizer(image_shape),
        latent_dim,
    )
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    _check_shapes(model, image_shape)
    return model


@torch.no_grad()
def _check_shapes(model: VAE, image_shape: tuple[int, int, int]) -> None:
    model.eval()
    encoded = model.encoder(torch.zeros(2, *image_shape))
    if encoded.shape != (2, 2 * model.latent_dim):
        raise UserError(
            f"the encoder gives {tuple(encoded.shape)} for two images; it must give "
            f"(2, {2 * model.latent_dim}): {model.latent_dim} means, then as many log variances"
        )
    decoded = model.decoder(torch.zeros(2, model.latent_dim))
    if decoded.shape != (2, *image_shape):
        raise UserError(
            f"the decoder gives {tuple(decoded.shape)} for two codes; it must give "
            f"{(2, *image_shape)}"
        )
    model.train()


def _blank_standardizer(image_shape: tuple[int, int, int]) -> Standardizer:
    """Stand in until the weights bring the fitted one."""
    zeros, ones = np.zeros(image_shape, np.float32), np.ones(image_shape, np.float32)
    return Standardizer("unit", zeros, ones)
