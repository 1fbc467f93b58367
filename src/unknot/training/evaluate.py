"""Distortion, rate and codes of held-out images."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unknot.model.vae import VAE, Posterior
from unknot.training.pixels import gather
from unknot.training.randomness import standard_normal

CHUNK = 128


class Fit(NamedTuple):
    """How well a model fits images, in nats per image.

    Attributes:
        distortion: mean of `-log p(x|z)`, one sample of z per image.
        rate: mean KL divergence of the posterior from the prior.
        kl: the rate of each latent, shape `(latent_dim,)`.
        num: images measured.
        posterior: of each image, on the CPU, `(num, latent_dim)`.
    """

    distortion: float
    rate: float
    kl: list[float]
    num: int
    posterior: Posterior

    @property
    def elbo(self) -> float:
        """`-(distortion + rate)`: a lower bound of log p(x), less the dropped constant."""
        return -(self.distortion + self.rate)


@torch.no_grad()
def measure_fit(
    model: VAE, images: NDArray[np.uint8], indices: NDArray[np.integer], *, seed: int
) -> Fit:
    """Measure distortion and rate; the same seed gives the same posterior noise.

    Args:
        model: in evaluation mode or not; it is put back as it was.
        images: uint8, shape `(num, channel, height, width)`.
        indices: which of them.
        seed: of the noise.
    """
    device = model.pixel_mean.device
    noise = standard_normal((len(indices), model.latent_dim), seed, "measure_fit")
    was_training = model.training
    model.eval()
    distortion, kl = 0.0, torch.zeros(model.latent_dim, dtype=torch.float64)
    parts = []
    for start in range(0, len(indices), CHUNK):
        part = slice(start, start + CHUNK)
        x = model.standardize(gather(images, indices[part], device))
        terms = model(x, noise[part].to(device))
        distortion += terms.distortion.cpu().double().sum().item()
        kl += terms.kl.cpu().double().sum(0)
        parts.append(terms.posterior)
    model.train(was_training)
    num = len(indices)
    kl /= num
    posterior = _on_cpu(parts, model.latent_dim)
    return Fit(distortion / num, kl.sum().item(), kl.tolist(), num, posterior)


@torch.no_grad()
def encode_images(model: VAE, images: NDArray[np.uint8], indices: NDArray[np.integer]) -> Posterior:
    """Posterior means and log variances of images, on the CPU, `(len(indices), latent_dim)`."""
    device = model.pixel_mean.device
    was_training = model.training
    model.eval()
    parts = [
        model.encode(model.standardize(gather(images, indices[start : start + CHUNK], device)))
        for start in range(0, len(indices), CHUNK)
    ]
    model.train(was_training)
    return _on_cpu(parts, model.latent_dim)


def _on_cpu(parts: list[Posterior], latent_dim: int) -> Posterior:
    """Posteriors of several batches, or of none, as one."""
    empty = [torch.empty(0, latent_dim)]
    mean = torch.cat([part.mean.cpu() for part in parts] or empty)
    logvar = torch.cat([part.logvar.cpu() for part in parts] or empty)
    return Posterior(mean, logvar)


@torch.no_grad()
def decode_codes(model: VAE, codes: NDArray[np.floating] | Tensor) -> NDArray[np.uint8]:
    """The expected image of each code.

    Args:
        model: put back into the mode it was in.
        codes: shape `(num, latent_dim)`.

    Returns:
        uint8, shape `(num, channel, height, width)`.
    """
    device = model.pixel_mean.device
    z = torch.as_tensor(codes, dtype=torch.float32).to(device)
    was_training = model.training
    model.eval()
    chunks = [model.to_pixels(model.decode(part)).cpu() for part in z.split(CHUNK)]
    model.train(was_training)
    return torch.cat(chunks).contiguous().numpy()
