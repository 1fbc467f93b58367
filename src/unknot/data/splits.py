"""Splits images into train, validation and test."""

import hashlib
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.data.preparation import SHARES

SPLITS = ("train", "validation", "test")
"""A split is stored as its position in this tuple. Selection uses validation, scores use test."""

TRAIN, VALIDATION, TEST = range(len(SPLITS))


def split_by_hash(
    names: Sequence[str],
    digests: Sequence[bytes],
    shares: tuple[float, float, float] = SHARES,
) -> NDArray[np.int8]:
    """Split images by a hash of their names, identical images together.

    The split of an image does not depend on which other images are there, unless one of the three
    would be empty: then the images with the extreme hashes fill it.

    Args:
        names: paths relative to the data set, one per image.
        digests: a digest of each image's content.
        shares: of training, validation and test images, in percent.

    Returns:
        Positions in `SPLITS`, shape `(num,)`.

    Raises:
        UserError: if there are fewer than three different images.
    """
    fraction = _fractions(names, digests)
    if len(fraction) < len(SPLITS):
        raise UserError(
            f"{len(fraction)} different image(s) found; training, validation and test need at "
            "least one each: add images"
        )
    _, validation, test = (share / 100 for share in shares)
    split = {
        digest: VALIDATION if f < validation else TEST if f < validation + test else TRAIN
        for digest, f in fraction.items()
    }
    ordered = sorted(fraction, key=lambda digest: fraction[digest])
    for wanted, stand_in in (
        (TRAIN, ordered[-1]),
        (VALIDATION, ordered[0]),
        (TEST, ordered[1]),
    ):
        if wanted not in split.values():
            split[stand_in] = wanted
    return np.array([split[digest] for digest in digests], np.int8)


def fill_split(
    given: NDArray[np.int8], names: Sequence[str], digests: Sequence[bytes]
) -> tuple[NDArray[np.int8], tuple[str, ...]]:
    """Complete splits that came with the images.

    Images that have none go to training; a split that has no image is taken from the training
    images, a tenth of them, by the hash of their names.

    Args:
        given: positions in `SPLITS`, -1 where there is none, shape `(num,)`.
        names: paths relative to the data set, one per image.
        digests: a digest of each image's content.

    Returns:
        The splits, and what was done, one line each.

    Raises:
        UserError: if that leaves one of the three without images.
    """
    notes = []
    split = np.where(given < 0, TRAIN, given).astype(np.int8)
    if unknown := int((given < 0).sum()):
        notes.append(f"images without a given split, taken for training: {unknown:,}")
    absent = [i for i in (VALIDATION, TEST) if not (split == i).any()]
    if absent:
        train = np.flatnonzero(split == TRAIN).tolist()
        if not train:
            raise UserError("the given splits have no training image; --split hash deals anew")
        dealt = split_by_hash([names[i] for i in train], [digests[i] for i in train])
        for position in absent:
            split[np.array(train)[dealt == position]] = position
        missing = " or ".join(SPLITS[position] for position in absent)
        notes.append(
            f"there is no official {missing} image: a tenth of the training images is taken for it"
        )
    if leaked := _num_leaked(split, digests):
        notes.append(
            f"copies of training images among the held-out ones: {leaked:,}; scores may look too "
            "good"
        )
    return split, tuple(notes)


def _num_leaked(split: NDArray[np.int8], digests: Sequence[bytes]) -> int:
    """Count images outside training that stand in training too."""
    train = {digest for digest, position in zip(digests, split) if position == TRAIN}
    return sum(position != TRAIN and digest in train for digest, position in zip(digests, split))


def _fractions(names: Sequence[str], digests: Sequence[bytes]) -> dict[bytes, float]:
    """Map each different image to a number in [0, 1) that depends on its first name alone."""
    first_name: dict[bytes, str] = {}
    for name, digest in zip(names, digests):
        first_name[digest] = min(name, first_name.get(digest, name))
    return {digest: _fraction(name) for digest, name in first_name.items()}


def _fraction(name: str) -> float:
    """Map a name to a number in [0, 1) that depends on it alone."""
    digest = hashlib.blake2b(name.encode("utf-8", "surrogateescape"), digest_size=8).digest()
    return int.from_bytes(digest) / 2**64
