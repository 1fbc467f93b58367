"""Images to codes and back in batches; distortion and rate of held-out images."""

from typing import NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from unknot.common.randomness import standard_normal
from unknot.models.device import gather_images
from unknot.models.vae import VAE, Posterior, Terms

CHUNK = 128


class HeldOutLoss(NamedTuple):
    """How well a model fits images, in nats per image.

    Attributes:
        distortion: mean of `-log p(x|z)`, one sample of z per image.
        rate: mean KL divergence of the posterior from the prior.
        kl: the rate of each latent, shape `(latent_dim,)`.
        num: images.
        terms: of each image, on the CPU and in double precision, as an objective takes them.
    """

    distortion: float
    rate: float
    kl: list[float]
    num: int
    terms: Terms

    @property
    def elbo(self) -> float:
        """`-(distortion + rate)`: a lower bound of log p(x), less the dropped constant."""
        return -(self.distortion + self.rate)


@torch.no_grad()
def evaluate_elbo(
    model: VAE, images: NDArray[np.uint8], indices: NDArray[np.integer], *, seed: int
) -> HeldOutLoss:
    """Evaluate distortion and rate; the same seed gives the same posterior noise.

    Args:
        model: in evaluation mode or not; it is put back as it was.
        images: uint8, shape `(num, channel, height, width)`.
        indices: which of them.
        seed: of the noise.
    """
    device = model.pixel_mean.device
    shape = (len(indices), model.latent_dim)
    noise = standard_normal(shape, seed, "measure_fit")  # the name is part of the seed
    was_training = model.training
    model.eval()
    parts: list[Terms] = []
    for start in range(0, len(indices), CHUNK):
        part = slice(start, start + CHUNK)
        x = model.standardize(gather_images(images, indices[part], device))
        parts.append(model(x, noise[part].to(device)))
    model.train(was_training)
    terms = _joined(parts, model.latent_dim)
    kl = terms.kl.mean(0)
    return HeldOutLoss(
        distortion=terms.distortion.mean().item(),
        rate=kl.sum().item(),
        kl=kl.tolist(),
        num=len(indices),
        terms=terms,
    )


@torch.no_grad()
def encode_images(model: VAE, images: NDArray[np.uint8], indices: NDArray[np.integer]) -> Posterior:
    """Posterior means and log variances of images, on the CPU, `(len(indices), latent_dim)`."""
    device = model.pixel_mean.device
    was_training = model.training
    model.eval()
    parts = [
        model.encode(
            model.standardize(gather_images(images, indices[start : start + CHUNK], device))
        )
        for start in range(0, len(indices), CHUNK)
    ]
    model.train(was_training)
    return _on_cpu(parts, model.latent_dim)


def _joined(parts: list[Terms], latent_dim: int) -> Terms:
    """Terms of several batches, or of none, as one; losses in double precision."""
    latents = torch.empty(0, latent_dim)
    return Terms(
        distortion=torch.cat(
            [torch.empty(0).double(), *(p.distortion.cpu().double() for p in parts)]
        ),
        kl=torch.cat([latents.double(), *(p.kl.cpu().double() for p in parts)]),
        posterior=_on_cpu([p.posterior for p in parts], latent_dim),
        z=torch.cat([latents, *(p.z.cpu() for p in parts)]),
    )


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
