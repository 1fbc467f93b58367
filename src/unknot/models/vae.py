"""The variational autoencoder: standardize, encode, sample, decode."""

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from unknot.data.standardize import Standardizer
from unknot.models.gaussian import kl_divergence, reparameterize
from unknot.models.layers import single_precision
from unknot.models.likelihoods import Likelihood


class Posterior(NamedTuple):
    """A diagonal Gaussian over the latents of each image; both `(batch, latent_dim)`."""

    mean: Tensor
    logvar: Tensor


class Terms(NamedTuple):
    """What an objective is made of.

    Attributes:
        distortion: `-log p(x|z)` in nats, shape `(batch,)`.
        kl: divergence of each latent's posterior from the prior in nats, `(batch, latent_dim)`.
        posterior: means and log variances.
        z: the sample that was decoded, `(batch, latent_dim)`.
    """

    distortion: Tensor
    kl: Tensor
    posterior: Posterior
    z: Tensor


class VAE(nn.Module):
    """An encoder, a decoder, a likelihood and the standardization of the pixels.

    Args:
        encoder: images `(batch, channel, height, width)` -> `(batch, 2 * latent_dim)`.
        decoder: `(batch, latent_dim)` -> the images' shape.
        likelihood: how pixels scatter round the decoder's output.
        standardizer: fitted to the training images; kept with the weights.
        latent_dim: number of latents.
    """

    def __init__(
        self,
        encoder: nn.Module,
        decoder: nn.Module,
        likelihood: Likelihood,
        standardizer: Standardizer,
        latent_dim: int,
    ) -> None:
        super().__init__()
        self.encoder, self.decoder, self.likelihood = encoder, decoder, likelihood
        self.latent_dim = latent_dim
        self.register_buffer("pixel_mean", torch.from_numpy(standardizer.mean.copy()))
        self.register_buffer("pixel_std", torch.from_numpy(standardizer.std.copy()))
        self.pixel_mean: Tensor
        self.pixel_std: Tensor

    def standardize(self, images: Tensor) -> Tensor:
        """Pixels 0..255 (uint8) to the network's scale, channels last in memory; same shape."""
        x = images.to(torch.float32).contiguous(memory_format=torch.channels_last)  # faster in two
        scale = _in_memory_order(255 * self.pixel_std).reciprocal_()
        return x.mul_(scale).sub_(_in_memory_order(self.pixel_mean / self.pixel_std))

    def to_pixels(self, output: Tensor) -> Tensor:
        """What the decoder gave, as expected pixels 0..255 (uint8); same shape."""
        unit = self.likelihood.mean(output) * self.pixel_std + self.pixel_mean
        return unit.clamp(0, 1).mul(255).add(0.5).to(torch.uint8)

    def encode(self, x: Tensor) -> Posterior:
        """The posterior of standardized images."""
        mean, logvar = self.encoder(x).chunk(2, dim=1)
        return Posterior(mean, logvar)

    def decode(self, z: Tensor) -> Tensor:
        """The likelihood's parameter for each pixel, from codes `(batch, latent_dim)`."""
        output: Tensor = single_precision(self.decoder(z))
        return output

    def forward(
        self,
        x: Tensor,
        noise: Tensor,
        adapt: Callable[[Posterior], Posterior] | None = None,
    ) -> Terms:
        """Encode, sample and decode.

        Args:
            x: standardized images, shape `(batch, channel, height, width)`.
            noise: standard normal, shape `(batch, latent_dim)`.
            adapt: gives the posteriors that are sampled from those of the encoder; these themselves
                by default.
        """
        posterior = self.encode(x)
        if adapt:
            posterior = adapt(posterior)
        z = reparameterize(*posterior, noise)
        distortion = self.likelihood.distortion(x, self.decode(z))
        return Terms(distortion, kl_divergence(*posterior), posterior, z)


def _in_memory_order(per_pixel: Tensor) -> Tensor:
    """`(channel, height, width)` as a batch of one whose memory lies as the images' does."""
    return per_pixel[None].contiguous(memory_format=torch.channels_last)
