"""The leading eigenvalues of standardised images, in a few passes over them."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unknot.data.image_set import ImageSet
from unknot.data.standardize import Standardizer, fit_standardizer
from unknot.files import read_arrays, write_arrays

MAX_IMAGES = 20_000  # the deviation of an eigenvalue is then sqrt(2 / 20,000) of it: 1%
OVERSAMPLING = 20
NUM_PASSES = 4
CHUNK = 256


class Spectrum(NamedTuple):
    """How the variance of images is spread over directions.

    Attributes:
        eigenvalues: of their covariance, the largest first, shape `(num,)`.
        total: the sum of all eigenvalues, those that are not listed too.
        num_images: from which it was computed.
    """

    eigenvalues: NDArray[np.float64]
    total: float
    num_images: int


def spectrum(
    images: ImageSet,
    num: int,
    *,
    standardize: str = "per_pixel",
    seed: int = 0,
    max_images: int = MAX_IMAGES,
) -> Spectrum:
    """Compute the leading eigenvalues of the training images' covariance.

    Randomised subspace iteration (Halko et al. 2011, algorithm 4.4), reading the images in pieces.

    Args:
        images: prepared; their training split is used.
        num: how many eigenvalues.
        standardize: as for training.
        seed: of the first directions.
        max_images: of more, so many evenly spaced ones are taken.
    """
    rows = images.indices("train")
    if len(rows) > max_images:
        rows = rows[np.linspace(0, len(rows) - 1, max_images).round().astype(np.int64)]
    standardizer = fit_standardizer(standardize, images.training_moments())
    size = int(np.prod(images.image_shape))
    width = min(num + OVERSAMPLING, size, len(rows))
    directions = np.random.default_rng([seed, *b"spectrum"]).standard_normal((size, width))
    basis: NDArray[np.float32] = directions.astype(np.float32)
    for _ in range(NUM_PASSES):
        basis = np.linalg.qr(basis)[0].astype(np.float32)
        basis, projected, total = _pass(images.images, rows, standardizer, basis)
    found = np.linalg.eigvalsh(projected)[::-1][:num]
    return Spectrum(np.maximum(found, 0), total, len(rows))


def kept_spectrum(images: ImageSet, num: int, *, standardize: str = "per_pixel") -> Spectrum:
    """As `spectrum`, computed once and kept in the cache beside the images."""
    path = images.folder / f"spectrum-{standardize}-{num}.npz"
    if not path.exists():
        found = spectrum(images, num, standardize=standardize)
        write_arrays(path, {name: np.asarray(value) for name, value in found._asdict().items()})
    stored = read_arrays(path)
    return Spectrum(stored["eigenvalues"], float(stored["total"]), int(stored["num_images"]))


def _pass(
    images: NDArray[np.uint8],
    rows: NDArray[np.int64],
    standardizer: Standardizer,
    basis: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float64], float]:
    """Covariance times basis, basis' covariance in its own directions, and all variance."""
    scale = (1 / (255 * standardizer.std)).ravel()
    shift = (standardizer.mean / standardizer.std).ravel()
    centre = np.zeros(len(shift))
    product: NDArray[np.float32] = np.zeros(basis.shape, np.float32)
    squares: NDArray[np.float64] = np.zeros((basis.shape[1],) * 2)
    norm = 0.0
    for start in range(0, len(rows), CHUNK):
        x = images[rows[start : start + CHUNK]].reshape(-1, len(shift)) * scale
        x -= shift
        codes = x @ basis
        product += (x.T @ codes).astype(np.float32)
        squares = squares + codes.T.astype(np.float64) @ codes
        centre += x.sum(0, dtype=np.float64)
        norm += float(np.einsum("ij,ij->", x, x, dtype=np.float64))
    mean = centre / len(rows)
    along = mean @ basis
    centred = product / len(rows) - np.outer(mean, along)
    covariance = squares / len(rows) - np.outer(along, along)
    return centred.astype(np.float32), covariance, norm / len(rows) - float(mean @ mean)
