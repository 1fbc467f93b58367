"""Files of codes: what `encode` and each run leave, and what `score` reads."""

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.files import write_arrays, written_beside
from unknot.common.reading import UnfitError
from unknot.common.text import ESCAPE
from unknot.data.image_set import ImageSet
from unknot.data.splits import SPLITS
from unknot.data.text_cells import quoted_cell
from unknot.models.vae import Posterior

LABELS = ("factors", "factor_names", "attributes", "attribute_names")
"""Arrays of what is known of the images."""


def write_codes_file(
    path: Path, images: ImageSet, rows: NDArray[np.int64], posterior: Posterior
) -> None:
    """Write the codes of images with all that is known of the images, as npz.

    Args:
        path: of the file.
        images: some of which were encoded.
        rows: which of them, shape `(num,)`.
        posterior: of these, on the CPU, `(num, latent_dim)`.
    """
    labels = images.labels
    write_arrays(
        path,
        {
            "image": rows,
            "name": np.array([images.names[i] for i in rows]),
            "split": labels.split[rows],
            "posterior_mean": posterior.mean.numpy(),
            "posterior_logvar": posterior.logvar.numpy(),
            "attributes": labels.attributes[rows],
            "attribute_names": np.array(labels.attribute_names, dtype=np.str_),
            "factors": labels.factors[rows],
            "factor_names": np.array(labels.factor_names, dtype=np.str_),
            "groups": labels.groups[rows],
        },
    )


def write_codes_table(path: Path, names: Sequence[str], posterior: Posterior) -> None:
    """Write a csv with a column for the images' names and one for each mean and log variance.

    A name that a spreadsheet would compute is quoted, as `text_cells` has it.

    Args:
        path: of the file.
        names: of the images.
        posterior: of each image, on the CPU.
    """
    mean, logvar = posterior.mean.numpy(), posterior.logvar.numpy()
    latents = range(mean.shape[1])
    with (
        written_beside(path) as temporary,
        temporary.open("w", newline="", encoding="utf-8", errors=ESCAPE) as file,
    ):
        table = csv.writer(file)
        table.writerow(["name", *(f"mean_{i}" for i in latents)] + [f"logvar_{i}" for i in latents])
        for name, *values in zip(names, *mean.T.tolist(), *logvar.T.tolist()):
            table.writerow([quoted_cell(name), *values])


def joined_labels(
    factors: NDArray[np.float64], attributes: NDArray[np.int8]
) -> NDArray[np.float64]:
    """Factors, then attributes with NaN where they are missing, side by side."""
    return np.hstack([factors, np.where(attributes < 0, np.nan, attributes)])


def joined_names(
    factor_names: Sequence[str] | NDArray[np.str_],
    attribute_names: Sequence[str] | NDArray[np.str_],
) -> tuple[str, ...]:
    """Names of the columns of `joined_labels`."""
    return (*map(str, factor_names), *map(str, attribute_names))


def labels_in(
    arrays: Mapping[str, NDArray[Any]],
) -> tuple[NDArray[np.float64], tuple[str, ...]]:
    """Take the labels out of a file of codes: `(num, num_labels)`, NaN where missing, and names.

    Args:
        arrays: those of `LABELS`, at least.
    """
    return (
        joined_labels(arrays["factors"], arrays["attributes"]),
        joined_names(arrays["factor_names"], arrays["attribute_names"]),
    )


def check_codes(arrays: Mapping[str, NDArray[Any]], latent_dim: int) -> None:
    """Refuse arrays that are no file of codes of a model.

    Args:
        arrays: as `write_codes_file` wrote them.
        latent_dim: of the model.

    Raises:
        UnfitError: names the first array that does not fit.
    """
    num = len(arrays["posterior_mean"])
    num_attributes, num_factors = len(arrays["attribute_names"]), len(arrays["factor_names"])
    expected = {
        "image": ((num,), "i"),
        "name": ((num,), "U"),
        "split": ((num,), "i"),
        "posterior_mean": ((num, latent_dim), "f"),
        "posterior_logvar": ((num, latent_dim), "f"),
        "attributes": ((num, num_attributes), "i"),
        "attribute_names": ((num_attributes,), "U"),
        "factors": ((num, num_factors), "f"),
        "factor_names": ((num_factors,), "U"),
        "groups": ((num,), "i"),
    }
    for name, (shape, kind) in expected.items():
        array = arrays[name]
        if array.shape != shape or array.dtype.kind != kind:
            raise UnfitError(f"{name} is {array.dtype} {array.shape}, which does not fit")
    for name in ("posterior_mean", "posterior_logvar"):
        if not np.isfinite(arrays[name]).all():
            raise UnfitError(f"{name} holds what is not a finite number")
    if num and not (arrays["split"].min() >= 0 and arrays["split"].max() < len(SPLITS)):
        raise UnfitError("split names others than there are")
    if num and arrays["image"].min() < 0:
        raise UnfitError("image holds a negative number")
