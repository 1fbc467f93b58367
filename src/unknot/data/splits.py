"""Splits images into train, validation and test."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError

SPLITS = ("train", "validation", "test")
"""A split is stored as its position in this tuple. Selection uses validation, scores use test."""

HELD_OUT = 0.1  # the share of validation, and of test


def split_by_hash(names: Sequence[str], digests: Sequence[bytes]) -> NDArray[np.int8]:
    """Split images by a hash of their names, 80 / 10 / 10, identical images together.

    The split of an image does not depend on which other images are there, unless one of the three
    would be empty: then the images with the extreme hashes fill it.

    Args:
        names: paths relative to the data set, one per image.
        digests: a digest of each image's content.

    Returns:
        Positions in `SPLITS`, shape `(num,)`.

    Raises:
        UserError: if there are fewer than three different images.
    """
    first_name: dict[bytes, str] = {}
    for name, digest in zip(names, digests):
        first_name[digest] = min(name, first_name.get(digest, name))
    if len(first_name) < len(SPLITS):
        raise UserError(
            f"{len(first_name)} different image(s) found; training, validation and test need at "
            "least one each: add images"
        )
    fraction = {digest: _fraction(name) for digest, name in first_name.items()}
    split = {d: 1 if f < HELD_OUT else 2 if f < 2 * HELD_OUT else 0 for d, f in fraction.items()}
    ordered = sorted(fraction, key=lambda digest: fraction[digest])
    for wanted, stand_in in ((0, ordered[-1]), (1, ordered[0]), (2, ordered[1])):
        if wanted not in split.values():
            split[stand_in] = wanted
    return np.array([split[digest] for digest in digests], np.int8)


def _fraction(name: str) -> float:
    """Map a name to a number in [0, 1) that depends on it alone."""
    digest = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
