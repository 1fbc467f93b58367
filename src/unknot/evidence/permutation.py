"""Labels dealt to other images: from image to image, or from group to group."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.errors import UserError

Members = NDArray[np.int64] | None
"""Group of each image, numbered from 0; None where every image stands for itself."""


def members_of(groups: Any, num: int) -> Members:
    """Number groups from 0, images without one each on its own.

    Args:
        groups: a whole number for each image, -1 where it has none, or None.
        num: images.

    Returns:
        None if every image is on its own.

    Raises:
        UserError: if there is not one whole number for each image.
    """
    if groups is None:
        return None
    given = np.asarray(groups)
    if given.shape != (num,) or given.dtype.kind not in "iu":
        raise UserError(f"groups has shape {given.shape}; give a whole number for each image")
    alone = given < 0
    if alone.all():
        return None
    separate = given.astype(np.int64)
    separate[alone] = given.max() + 1 + np.arange(alone.sum())
    members = np.unique(separate, return_inverse=True)[1]
    return None if np.bincount(members).max() == 1 else members.astype(np.int64)


def permuted_rows(members: Members, num: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """From which row each row gets its labels.

    With groups, a group gets the labels of another group's images in random order, some of them
    twice or not at all where the two differ in size.

    Args:
        members: group of each row, numbered from 0, or None.
        num: rows.
        rng: draws the permutation.
    """
    if members is None:
        return rng.permutation(num)
    shuffled = np.lexsort((rng.random(num), members))
    sizes = np.bincount(members)
    starts = np.cumsum(sizes) - sizes
    by_group = np.argsort(members, kind="stable")
    place = np.empty(num, np.int64)
    place[by_group] = np.arange(num) - np.repeat(starts, sizes)
    donor = rng.permutation(len(sizes))[members]
    return shuffled[starts[donor] + place % sizes[donor]]
