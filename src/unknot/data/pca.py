"""Principal components of standardized images, in a few passes over them, and refits of them."""

from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unknot.data.entry_checks import kept_arrays
from unknot.data.image_set import ImageSet
from unknot.data.standardize import Standardizer, fit_standardizer

MAX_IMAGES = 20_000  # the deviation of an eigenvalue is then sqrt(2 / 20,000) of it: 1%
OVERSAMPLING = 20
NUM_PASSES = 4
CHUNK, CHUNK_VALUES = 256, 2**24  # images, and values, that are held at once


class Spectrum(NamedTuple):
    """The variance of images along its principal directions.

    Attributes:
        eigenvalues: of their covariance, the largest first, shape `(num,)`, in squared
            standardized units.
        total: the sum of all eigenvalues, listed or not.
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

    Randomized subspace iteration (Halko et al. 2011, algorithm 4.4), reading the images in pieces.

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
    rng = np.random.default_rng([seed, *b"spectrum"])  # the bytes feed the generator: keep them
    basis: NDArray[np.float32] = rng.standard_normal((size, width)).astype(np.float32)
    for _ in range(NUM_PASSES):
        axes: NDArray[np.float32] = np.linalg.qr(basis)[0].astype(np.float32)
        basis, projected, total = _pass(images.images, rows, standardizer, axes)
    ascending, rotation = np.linalg.eigh(projected)
    return Spectrum(
        eigenvalues=np.maximum(ascending[::-1][:num], 0),
        total=total,
        num_images=len(rows),
        directions=(axes @ rotation[:, ::-1]).astype(np.float32),
    )


def cached_spectrum(images: ImageSet, num: int, *, standardize: str = "per_pixel") -> Spectrum:
    """Compute the spectrum once, and read it from the cache beside the images ever after.

    Args:
        images: prepared; their training split is used.
        num: how many eigenvalues.
        standardize: as for training.
    """

    def take(stored: Mapping[str, NDArray[Any]]) -> Spectrum:
        size = int(np.prod(images.image_shape))
        if len(stored["directions"]) != size or stored["eigenvalues"].ndim != 1:
            raise ValueError("of other images")
        return Spectrum(
            eigenvalues=stored["eigenvalues"],
            total=float(stored["total"]),
            num_images=int(stored["num_images"]),
            directions=stored["directions"],
        )

    def compute() -> dict[str, NDArray[Any]]:
        computed = spectrum(images, num, standardize=standardize)
        return {name: np.asarray(value) for name, value in computed._asdict().items()}

    return kept_arrays(images.folder / f"directions-{standardize}-{num}.npz", take, compute)


def pca_refits(
    images: ImageSet,
    components: Spectrum,
    rows: NDArray[np.int64],
    num_refits: int,
    num: int,
    *,
    standardize: str = "per_pixel",
    seed: int = 0,
) -> list[NDArray[np.float64]]:
    """Compute PCA's codes of some images, by fits to resamples of the training images.

    A refit rotates the leading directions of all training images: what a resample would bring in
    from beyond them is too little to matter.

    Args:
        images: prepared; their training split is resampled.
        components: their spectrum, as `spectrum` gives it.
        rows: the images whose codes are wanted.
        num_refits: how many fits.
        num: dimensions of each.
        standardize: as for training.
        seed: of the resamples.

    Returns:
        `num_refits` arrays of shape `(len(rows), num)`, the strongest dimension first.
    """
    standardizer = fit_standardizer(standardize, images.training_moments())
    training_codes, codes = (
        np.concatenate(
            [x @ components.directions for x in _standardized(images.images, part, standardizer)]
        )
        for part in (_training_rows(images, MAX_IMAGES), rows)
    )
    refits = []
    for i in range(num_refits):
        rng = np.random.default_rng([seed, i, *b"pca"])  # the bytes feed the generator: keep them
        resample = training_codes[rng.integers(0, len(training_codes), len(training_codes))]
        resample = resample.astype(np.float64)
        covariance = np.atleast_2d(np.cov(resample.T, bias=True))
        rotation = np.linalg.eigh(covariance)[1][:, ::-1][:, :num]
        refits.append((codes - resample.mean(0)) @ rotation)
    return refits


def _training_rows(images: ImageSet, max_images: int) -> NDArray[np.int64]:
    """Take the training images, or of more so many evenly spaced ones."""
    rows = images.indices("train")
    if len(rows) > max_images:
        rows = rows[np.linspace(0, len(rows) - 1, max_images).round().astype(np.int64)]
    return rows


def _standardized(
    images: NDArray[np.uint8], rows: NDArray[np.int64], standardizer: Standardizer
) -> Iterator[NDArray[np.float32]]:
    """Standardize images in pieces of shape `(at most 256, num_values)`, of 64 MiB."""
    scale = (1 / (255 * standardizer.std)).ravel().astype(np.float32)
    shift = (standardizer.mean / standardizer.std).ravel()
    chunk = min(CHUNK, max(1, CHUNK_VALUES // len(shift)))
    for start in range(0, len(rows), chunk):
        x: NDArray[np.float32] = images[rows[start : start + chunk]].reshape(-1, len(shift)) * scale
        x -= shift
        yield x


def _pass(
    images: NDArray[np.uint8],
    rows: NDArray[np.int64],
    standardizer: Standardizer,
    basis: NDArray[np.float32],
) -> tuple[NDArray[np.float32], NDArray[np.float64], float]:
    """Multiply the images' covariance C by an orthonormal basis B.

    Returns:
        C B, B^T C B, and the trace of C.
    """
    total = np.zeros(len(basis))
    product: NDArray[np.float32] = np.zeros(basis.shape, np.float32)
    squares: NDArray[np.float64] = np.zeros((basis.shape[1],) * 2)
    norm = 0.0
    for x in _standardized(images, rows, standardizer):
        codes = x @ basis
        product += (x.T @ codes).astype(np.float32)
        squares = squares + codes.T.astype(np.float64) @ codes
        total += x.sum(0, dtype=np.float64)
        norm += float(np.einsum("ij,ij->", x, x, dtype=np.float64))
    mean = total / len(rows)
    along = mean @ basis
    times_basis = product / len(rows) - np.outer(mean, along)
    covariance = squares / len(rows) - np.outer(along, along)
    return times_basis.astype(np.float32), covariance, norm / len(rows) - float(mean @ mean)
