"""A run's model before its first step."""

from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.data.standardize import fit_standardizer
from unknot.models.build import build_vae
from unknot.models.networks import NetworkBuilder
from unknot.models.vae import VAE


def build_untrained(
    config: RunConfig, images: ImageSet, networks: NetworkBuilder | None = None
) -> VAE:
    """Build a run's untrained model, initialized from the run's seed.

    Args:
        config: the run's.
        images: its training images give the standardization.
        networks: a user's own builder, instead of the named one.

    Raises:
        UserError: if the network does not fit the images or the latents.
    """
    model = config.model
    return build_vae(
        networks or model.network,
        images.image_shape,
        model.latent_dim,
        likelihood=model.likelihood,
        sigma=model.sigma,
        standardizer=fit_standardizer(model.standardize, images.training_moments()),
        seed=config.seed,
    )
