"""The leading eigenvalues of standardised images, in a few passes over them, and PCA refitted."""

from collections.abc import Iterator
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
        directions: of these and of twenty smaller eigenvalues, less exact, shape
            `(num_values, num + 20)`.
    """

    eigenvalues: NDArray[np.float64]
    total: float
    num_images: int
    directions: NDArray[np.float32]


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
    rows = _training_rows(images, max_images)
    standardizer = fit_standardizer(standardize, images.training_moments())
    size = int(np.prod(images.image_shape))
    width = min(num + OVERSAMPLING, size, len(rows))
    first = np.random.default_rng([seed, *b"spectrum"]).standard_normal((size, width))
    basis: NDArray[np.float32] = first.astype(np.float32)
    for _ in range(NUM_PASSES):
        axes: NDArray[np.float32] = np.linalg.qr(basis)[0].astype(np.float32)
        basis, projected, total = _pass(images.images, rows, standardizer, axes)
    found, turn = np.linalg.eigh(projected)
    directions = (axes @ turn[:, ::-1]).astype(np.float32)
    return Spectrum(np.maximum(found[::-1][:num], 0), total, len(rows), directions)


def kept_spectrum(images: ImageSet, num: int, *, standardize: str = "per_pixel") -> Spectrum:
    """As `spectrum`, computed once and kept in the cache beside the images."""
    path = images.folder / f"directions-{standardize}-{num}.npz"
    if not path.exists():
        found = spectrum(images, num, standardize=standardize)
        write_arrays(path, {name: np.asarray(value) for name, value in found._asdict().items()})
    stored = read_arrays(path)
    total, num_images = float(stored["total"]), int(stored["num_images"])
    return Spectrum(stored["eigenvalues"], total, num_images, stored["directions"])


def pca_refits(
    images: ImageSet,
    found: Spectrum,
    rows: NDArray[np.int64],
    num_refits: int,
    num: int,
    *,
    standardize: str = "per_pixel",
    seed: int = 0,
) -> list[NDArray[np.float64]]:
    """PCA's codes of some images, by fits to resamples of the training images.

    A refit turns the leading directions of all training images: what a resample would bring in from
    beyond them is too little to matter.

    Args:
        images: prepared; their training split is resampled.
        found: their spectrum, as `spectrum` gave it.
        rows: the images that codes are wanted of.
        num_refits: how many fits.
        num: dimensions of each.
        standardize: as for training.
        seed: of the resamples.

    Returns:
        `num_refits` arrays of shape `(len(rows), num)`, the strongest dimension first.
    """
    standardizer = fit_standardizer(standardize, images.training_moments())
    axes = found.directions
    training = _training_rows(images, MAX_IMAGES)
    seen, wanted = (
        np.concatenate([x @ axes for x in _standardised(images.images, part, standardizer)])
        for part in (training, rows)
    )
    refits = []
    for i in range(num_refits):
        rng = np.random.default_rng([seed, i, *b"pca"])
        again = seen[rng.integers(0, len(seen), len(seen))].astype(np.float64)
        covariance = np.atleast_2d(np.cov(again.T, bias=True))
        turn = np.linalg.eigh(covariance)[1][:, ::-1][:, :num]
        refits.append((wanted - again.mean(0)) @ turn)
    return refits


def _training_rows(images: ImageSet, most: int) -> NDArray[np.int64]:
    """Training images, of too many evenly spaced ones."""
    rows = images.indices("train")
    if len(rows) > most:
        rows = rows[np.linspace(0, len(rows) - 1, most).round().astype(np.int64)]
    return rows


def _standardised(
    images: NDArray[np.uint8], rows: NDArray[np.int64], standardizer: Standardizer
) -> Iterator[NDArray[np.float32]]:
    """Some images in pieces of shape `(at most 256, num_values)`."""
    scale = (1 / (255 * standardizer.std)).ravel().astype(np.float32)
    shift = (standardizer.mean / standardizer.std).ravel()
    for start in range(0, len(rows), CHUNK):
        x: NDArray[np.float32] = images[rows[start : start + CHUNK]].reshape(-1, len(shift)) * scale
        x -= shift
        yield x


def _pass(
    images: NDArray[np.uint8],
    rows: NDArray[np.int64],
    standardizer: Standardizer,
    basis: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float64], float]:
    """Covariance times basis, basis' covariance in its own directions, and all variance."""
    centre = np.zeros(len(basis))
    product: NDArray[np.float32] = np.zeros(basis.shape, np.float32)
    squares: NDArray[np.float64] = np.zeros((basis.shape[1],) * 2)
    norm = 0.0
    for x in _standardised(images, rows, standardizer):
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
