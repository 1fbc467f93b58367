"""Images to codes and back, in batches and one at a time."""

import numpy as np
import pytest
import torch

from unknot.common.randomness import standard_normal
from unknot.data.image_set import ImageSet
from unknot.data.standardize import fit_standardizer
from unknot.models.build import build_vae
from unknot.models.vae import VAE
from unknot.runs import inference
from unknot.runs.inference import decode_codes, encode_images, evaluate_elbo


@pytest.fixture(scope="module")
def model(small_faces: ImageSet) -> VAE:
    standardizer = fit_standardizer("per_pixel", small_faces.training_moments())
    return build_vae("linear", small_faces.image_shape, 3, standardizer=standardizer).train()


@pytest.fixture(params=[7, 1000], ids=["in batches", "at once"], autouse=True)
def chunk(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(inference, "CHUNK", request.param)
    return int(request.param)


def test_the_bound_is_that_of_the_images_one_by_one(model: VAE, small_faces: ImageSet) -> None:
    rows = small_faces.indices("test")
    held_out = evaluate_elbo(model, small_faces.images, rows, seed=5)
    x = model.standardize(torch.from_numpy(np.array(small_faces.images[rows])))
    noise = standard_normal((len(rows), 3), 5, "measure_fit")
    with torch.no_grad():
        expected = model(x, noise)
    assert held_out.num == len(rows)
    assert held_out.distortion == pytest.approx(expected.distortion.mean().item(), rel=1e-6)
    assert held_out.rate == pytest.approx(expected.kl.sum(1).mean().item(), rel=1e-6)
    assert held_out.kl == pytest.approx(expected.kl.mean(0).tolist(), rel=1e-5)
    assert held_out.elbo == -(held_out.distortion + held_out.rate)
    torch.testing.assert_close(held_out.terms.posterior.mean, expected.posterior.mean)
    torch.testing.assert_close(held_out.terms.z, expected.z)
    assert held_out.terms.distortion.dtype == held_out.terms.kl.dtype == torch.float64
    assert model.training


def test_the_noise_is_the_seeds(model: VAE, small_faces: ImageSet) -> None:
    rows = small_faces.indices("test")
    distortions = [
        evaluate_elbo(model, small_faces.images, rows, seed=seed).distortion for seed in (5, 5, 6)
    ]
    assert distortions[0] == distortions[1] != distortions[2]


def test_codes_are_the_posterior_and_decode_to_the_expected_image(
    model: VAE, small_faces: ImageSet
) -> None:
    rows = np.array([3, 1, 4, 1, 5, 9, 2, 6, 5])
    posterior = encode_images(model, small_faces.images, rows)
    x = model.standardize(torch.from_numpy(small_faces.images[rows]))
    with torch.no_grad():
        torch.testing.assert_close(posterior.mean, model.encode(x).mean)
        torch.testing.assert_close(posterior.logvar, model.encode(x).logvar)
        expected = model.to_pixels(model.decode(posterior.mean)).numpy()
    for codes in (posterior.mean, posterior.mean.numpy().astype(np.float64)):
        pixels = decode_codes(model, codes)
        assert pixels.dtype == np.uint8
        assert np.abs(pixels.astype(int) - expected).max() <= 1  # a pixel may round otherwise
    assert model.training


def test_no_images_give_no_codes(model: VAE, small_faces: ImageSet) -> None:
    none = np.array([], np.int64)
    assert encode_images(model, small_faces.images, none).mean.shape == (0, 3)
    held_out = evaluate_elbo(model, small_faces.images, none, seed=0)
    assert held_out.terms.kl.shape == (0, 3)
    assert decode_codes(model, np.empty((0, 3))).shape == (0, *small_faces.image_shape)
