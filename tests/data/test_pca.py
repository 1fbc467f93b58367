"""Principal components of images, and refits of them."""

import numpy as np
import pytest

from unknot.data.image_set import ImageSet
from unknot.data.pca import cached_spectrum, pca_refits, spectrum
from unknot.data.standardize import fit_standardizer


@pytest.mark.parametrize("standardize", ["per_pixel", "unit"])
def test_spectrum_equals_the_exact_one(small_faces: ImageSet, standardize: str) -> None:
    computed = spectrum(small_faces, 6, standardize=standardize)
    rows = small_faces.images[small_faces.indices("train")]
    pixels = rows.reshape(len(rows), -1) / 255
    if standardize == "per_pixel":
        pixels = (pixels - pixels.mean(0)) / np.maximum(pixels.std(0), 2 / 255)
    exact = np.linalg.svd(pixels - pixels.mean(0), compute_uv=False) ** 2 / len(rows)
    np.testing.assert_allclose(computed.eigenvalues, exact[:6], rtol=0.01)
    assert computed.total == pytest.approx(exact.sum(), rel=1e-3)


def test_more_images_than_the_limit_are_thinned_evenly(small_faces: ImageSet) -> None:
    whole, part = spectrum(small_faces, 3), spectrum(small_faces, 3, max_images=100)
    assert part.num_images == 100
    np.testing.assert_allclose(part.eigenvalues, whole.eigenvalues, rtol=0.3)


def test_a_cached_spectrum_is_the_computed_one(small_faces: ImageSet) -> None:
    computed = spectrum(small_faces, 4, standardize="unit")
    for _ in range(2):  # computed, then read
        cached = cached_spectrum(small_faces, 4, standardize="unit")
        assert np.array_equal(cached.eigenvalues, computed.eigenvalues)
        assert np.array_equal(cached.directions, computed.directions)
        assert (cached.total, cached.num_images) == (computed.total, computed.num_images)


def test_refits_scatter_round_the_principal_components(small_faces: ImageSet) -> None:
    rows = small_faces.indices("test")
    components = spectrum(small_faces, 6)
    refits = pca_refits(small_faces, components, rows, 3, 2, seed=1)
    assert [codes.shape for codes in refits] == [(len(rows), 2)] * 3
    standardizer = fit_standardizer("per_pixel", small_faces.training_moments())
    images = (small_faces.images[rows] / 255 - standardizer.mean) / standardizer.std
    exact = images.reshape(len(rows), -1) @ components.directions[:, :2]
    for codes in refits:
        correlation = np.abs(np.corrcoef(codes.T, exact.T)[:2, 2:])
        assert correlation[0, 0] > 0.9
    assert not np.allclose(np.abs(refits[0]), np.abs(refits[1]))
    again = pca_refits(small_faces, components, rows, 3, 2, seed=1)
    assert all(np.array_equal(codes, same) for codes, same in zip(refits, again))
