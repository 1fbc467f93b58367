"""ImageSet: prepared images on a memory map, with what is known about each."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.common.files import write_arrays, write_json
from unknot.common.reading import read_arrays, read_json
from unknot.data.cache import cached_entry
from unknot.data.splits import SPLITS
from unknot.data.standardize import Moments, moments

PIXELS, LABELS, INFO, MOMENTS = "images.u8", "labels.npz", "info.json", "moments.npz"


@dataclass(frozen=True, eq=False)
class Labels:
    """What is known about each image; arrays without columns where nothing is.

    Attributes:
        split: position in `SPLITS`, int8, shape `(num,)`.
        attributes: binary labels, int8, shape `(num, num_attributes)`: 1, 0, or -1 if missing.
        attribute_names: one per column.
        factors: known causes, float64, shape `(num, num_factors)`.
        factor_names: one per column.
        groups: group of each image (-1 where there is none), int32, shape `(num,)`.
        group_names: one per group.
    """

    split: NDArray[np.int8]
    attributes: NDArray[np.int8]
    attribute_names: tuple[str, ...]
    factors: NDArray[np.float64]
    factor_names: tuple[str, ...]
    groups: NDArray[np.int32]
    group_names: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class ImageSet:
    """Images of one size, prepared once and read from a memory map.

    Attributes:
        folder: where it lies in the cache.
        images: uint8, shape `(num, channel, height, width)`, read-only.
        names: the relative path of each image, or what stands for it.
        labels: splits, attributes, factors and groups.
        info: what was prepared and how, as in `info.json`: `source`, `kind`, `preparation`,
            `options`, `fingerprint`, `unreadable` (name and reason), `notes`, `split_by`,
            `factor_levels`, `num_duplicates`, and `repeatable`: whether `source` alone gives the
            same images.
    """

    folder: Path
    images: NDArray[np.uint8]
    names: tuple[str, ...]
    labels: Labels
    info: dict[str, Any]

    def __len__(self) -> int:
        return len(self.images)

    def __repr__(self) -> str:
        shape = "x".join(map(str, self.image_shape))
        return f"ImageSet({self.info['source']!r}, {len(self):,} images of {shape})"

    @property
    def image_shape(self) -> tuple[int, int, int]:
        """Give channels, height, width."""
        channels, height, width = self.images.shape[1:]
        return channels, height, width

    @property
    def fingerprint(self) -> str:
        """Give the digest of the pictures' content, their preparation and their splits."""
        return str(self.info["fingerprint"])

    def indices(self, split: str) -> NDArray[np.int64]:
        """Find the images of one split; positions, ascending."""
        return np.flatnonzero(self.labels.split == SPLITS.index(split))

    def training_moments(self) -> Moments:
        """Add up the training images' pixels exactly; computed once, then read from the cache."""
        path = self.folder / MOMENTS
        if not path.exists():
            computed = moments(self.images, self.indices("train"))
            arrays: dict[str, NDArray[Any]] = {
                "num": np.array(computed.num),
                "total": computed.total,
                "total_squares": computed.total_squares,
            }
            try:
                write_arrays(path, arrays)
            except PermissionError:  # somebody else's cache, which is read all the same
                return computed
        stored = read_arrays(path)
        return Moments(
            num=int(stored["num"]),
            total=stored["total"],
            total_squares=stored["total_squares"],
        )


def open_image_set(folder: Path) -> ImageSet:
    """Map a prepared data set from its folder in the cache.

    Raises:
        UserError: if it is not there or is damaged.
    """
    info = read_json(folder / INFO)
    shape = tuple(info["shape"])
    if not _is_whole(folder):
        raise UserError(f"{folder} is damaged; run `unknot cache --clear` and the command again")
    images = np.memmap(folder / PIXELS, np.uint8, "r", shape=shape)
    stored = read_arrays(folder / LABELS)
    labels = Labels(
        split=stored["split"],
        attributes=stored["attributes"],
        attribute_names=tuple(info["attribute_names"]),
        factors=stored["factors"],
        factor_names=tuple(info["factor_names"]),
        groups=stored["groups"],
        group_names=tuple(info["group_names"]),
    )
    return ImageSet(
        folder=folder,
        images=images,
        names=tuple(info["names"]),
        labels=labels,
        info=info,
    )


def prepare(
    key: str,
    num_bytes: int,
    write: Callable[[Path], tuple[Labels, dict[str, Any]]],
    *,
    renew: bool = False,
) -> ImageSet:
    """Open a data set from the cache, preparing it first if need be.

    Args:
        key: its name in the cache.
        num_bytes: the size of its pixels.
        write: writes the pixels to a file; returns the labels and the info, which must hold
            `shape`, `names`, `source`, `kind` and `fingerprint`.
        renew: whether to prepare it again though it is there.
    """

    def fill(folder: Path) -> None:
        labels, info = write(folder / PIXELS)
        arrays: dict[str, NDArray[Any]] = {
            "split": labels.split,
            "attributes": labels.attributes,
            "factors": labels.factors,
            "groups": labels.groups,
        }
        write_arrays(folder / LABELS, arrays)
        write_json(
            folder / INFO,
            {
                **info,
                "attribute_names": labels.attribute_names,
                "factor_names": labels.factor_names,
                "group_names": labels.group_names,
            },
        )

    return open_image_set(cached_entry(key, num_bytes, _is_whole, fill, renew=renew))


def _is_whole(folder: Path) -> bool:
    """Whether every file of an entry is there and the pixels have their full length."""
    pixels, info = folder / PIXELS, folder / INFO
    if not (pixels.is_file() and info.is_file() and (folder / LABELS).is_file()):
        return False
    try:
        shape = read_json(info)["shape"]
        whole_labels = len(read_arrays(folder / LABELS)["split"]) == shape[0]
    except (UserError, KeyError):
        return False
    return whole_labels and pixels.stat().st_size == int(np.prod(shape))
