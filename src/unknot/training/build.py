"""An untrained model on a device, from a run's description."""

import torch

from unknot.config import RunConfig
from unknot.data.image_set import ImageSet
from unknot.data.standardize import fit_standardizer
from unknot.errors import UserError
from unknot.model.distributions import LIKELIHOODS
from unknot.model.networks import NETWORKS, NetworkBuilder
from unknot.model.vae import VAE
from unknot.training.randomness import derive_seed


def choose_device(name: str = "auto") -> torch.device:
    """`auto` takes a GPU where there is one; otherwise any name that torch knows.

    Raises:
        UserError: if torch does not know the name.
    """
    if name == "auto":
        mps = torch.backends.mps.is_available()
        return torch.device("cuda" if torch.cuda.is_available() else "mps" if mps else "cpu")
    try:
        return torch.empty(0, device=name).device
    except (RuntimeError, AssertionError, NotImplementedError):
        raise UserError(f"device {name!r} is not to be had here; try cpu or auto") from None


def build_model(config: RunConfig, images: ImageSet, networks: NetworkBuilder | None = None) -> VAE:
    """An untrained model, initialised from the run's seed.

    Args:
        config: the run's.
        images: its training images give the standardisation.
        networks: a user's own builder, instead of the named one.

    Raises:
        UserError: if the network does not fit the images or the latents.
    """
    latent_dim, shape = config.model.latent_dim, images.image_shape
    builder = networks or find_network(config.model.network)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(derive_seed(config.seed, "initialisation"))
        encoder, decoder = builder(shape, latent_dim)
    standardizer = fit_standardizer(config.model.standardize, images.training_moments())
    likelihood = LIKELIHOODS[config.model.likelihood](config.model.sigma)
    model = VAE(encoder, decoder, likelihood, standardizer, latent_dim)
    model.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    _check_shapes(model, shape)
    return model


def find_network(name: str) -> NetworkBuilder:
    """The builder of a named network.

    Raises:
        UserError: if there is none.
    """
    if name not in NETWORKS:
        raise UserError(f"network is {name!r}; it can be {', '.join(NETWORKS)}")
    return NETWORKS[name]


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
