"""The model's own pieces."""

import numpy as np
import pytest
import torch

from unknot.data.standardize import fit_standardizer, moments
from unknot.models.likelihoods.gaussian import GaussianLikelihood
from unknot.models.networks.linear import linear
from unknot.models.vae import VAE


@pytest.mark.parametrize("kind", ["per_pixel", "per_channel", "unit"])
def test_standardized_pixels_come_back(kind: str) -> None:
    images = np.random.default_rng(0).integers(0, 256, (300, 3, 8, 8), dtype=np.uint8)
    standardizer = fit_standardizer(kind, moments(images, np.arange(300)))
    vae = VAE(*linear((3, 8, 8), 2), GaussianLikelihood(), standardizer, 2)
    x = vae.standardize(torch.from_numpy(images))
    expected = (images / 255 - standardizer.mean) / standardizer.std
    np.testing.assert_allclose(x.numpy(), expected, atol=1e-4)
    assert np.array_equal(vae.to_pixels(x).numpy(), images)


def test_terms_are_per_image() -> None:
    images = np.random.default_rng(0).integers(0, 256, (20, 1, 8, 8), dtype=np.uint8)
    standardizer = fit_standardizer("per_pixel", moments(images, np.arange(20)))
    vae = VAE(*linear((1, 8, 8), 3), GaussianLikelihood(), standardizer, 3)
    x = vae.standardize(torch.from_numpy(images))
    noise = torch.randn(20, 3, generator=torch.Generator().manual_seed(0))
    together = vae(x, noise)
    assert together.distortion.shape == (20,)
    assert together.kl.shape == (20, 3)
    alone = vae(x[4:5], noise[4:5])
    torch.testing.assert_close(alone.distortion, together.distortion[4:5])
    torch.testing.assert_close(alone.kl, together.kl[4:5])
