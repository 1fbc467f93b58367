"""Labels that are given after the images were prepared: put on them, kept, and read again."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.common.files import write_arrays
from unknot.common.reading import read_arrays
from unknot.data.image_set import ImageSet
from unknot.data.picture_labels import labels_from_table


def with_given_labels(
    images: ImageSet, given: Any, columns: Sequence[str] = ()
) -> tuple[ImageSet, tuple[str, ...]]:
    """Replace the labels of prepared images; splits and groups stay.

    Args:
        images: prepared.
        given: a table with a row for each image: a file, or a data frame.
        columns: of the table to take; all that can be labels where empty.

    Returns:
        The images with these labels, and what to say of them, one line each.

    Raises:
        UserError: if it cannot be read, names too few of the images, or holds no label.
    """
    known = labels_from_table(given, images.names, columns)
    if not (known.attribute_names or known.factor_names):
        raise UserError(f"the table holds no label: {'; '.join(known.notes)}")
    labels = replace(
        images.labels,
        attributes=known.attributes,
        attribute_names=known.attribute_names,
        factors=np.empty((len(images), 0)) if known.factors is None else known.factors,
        factor_names=known.factor_names,
    )
    info = {**images.info, "factor_levels": dict(known.factor_levels)}
    return replace(images, labels=labels, info=info), known.notes


def save_labels(path: Path, images: ImageSet) -> None:
    """Write the labels of images to an npz."""
    labels = images.labels
    arrays: dict[str, NDArray[Any]] = {
        "fingerprint": np.array(images.fingerprint),
        "attributes": labels.attributes,
        "attribute_names": np.array(labels.attribute_names, np.str_),
        "factors": labels.factors,
        "factor_names": np.array(labels.factor_names, np.str_),
    }
    write_arrays(path, arrays)


def with_saved_labels(images: ImageSet, path: Path) -> ImageSet:
    """Put labels that were written before on the same images; theirs stay where there are none.

    Raises:
        UserError: if the file is damaged or belongs to other images.
    """
    if not path.is_file():
        return images
    stored = read_arrays(path, within=path.parent, remedy="give --labels again")
    try:
        is_theirs = str(stored["fingerprint"]) == images.fingerprint
        labels = replace(
            images.labels,
            attributes=stored["attributes"].astype(np.int8),
            attribute_names=tuple(map(str, stored["attribute_names"])),
            factors=stored["factors"].astype(np.float64),
            factor_names=tuple(map(str, stored["factor_names"])),
        )
    except (KeyError, ValueError):
        is_theirs = False
    num = len(images)
    if not is_theirs or len(labels.attributes) != num or len(labels.factors) != num:
        raise UserError(f"{path} does not hold labels of these images; give --labels again")
    return replace(images, labels=labels)
