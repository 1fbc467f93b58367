"""ImageSet: prepared images on a memory map, with what is known about each."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.common.files import write_arrays, write_json
from unknot.data.cache import cached_entry
from unknot.data.entry_checks import (
    INFO,
    LABELS,
    PIXELS,
    check_as_written,
    kept_arrays,
    may_be_read,
    read_info,
    read_labels,
    without_damaged,
    write_checksums,
)
from unknot.data.splits import SPLITS
from unknot.data.standardize import Moments, moments

MOMENTS = "moments.npz"


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
        shape = self.image_shape

        def take(stored: Mapping[str, NDArray[Any]]) -> Moments:
            total, total_squares = stored["total"], stored["total_squares"]
            if not total.shape == total_squares.shape == shape:
                raise ValueError("of other images")
            return Moments(num=int(stored["num"]), total=total, total_squares=total_squares)

        return kept_arrays(self.folder / MOMENTS, take, self._computed_moments)

    def _computed_moments(self) -> dict[str, NDArray[Any]]:
        computed = moments(self.images, self.indices("train"))
        return {
            "num": np.array(computed.num),
            "total": computed.total,
            "total_squares": computed.total_squares,
        }


def open_image_set(folder: Path) -> ImageSet:
    """Map a prepared data set from its folder in the cache.

    Raises:
        UserError: if it is not there, is damaged, or may not be read.
    """
    if not may_be_read(folder):
        raise UserError(f"{folder} may not be read by you; set UNKNOT_CACHE to another folder")
    try:
        return _open(folder)
    except UserError as error:
        raise DamagedEntryError(folder, str(error).split(";")[0]) from None


class DamagedEntryError(UserError):
    """A prepared data set is not as it was written.

    Args:
        folder: of it.
        why: which file, and what is wrong with it.
    """

    def __init__(self, folder: Path, why: str) -> None:
        self.why = why
        super().__init__(
            f"{folder} is damaged; run `unknot cache --clear` and the command again ({why})"
        )


def _open(folder: Path) -> ImageSet:
    info = read_info(folder)
    shape = tuple(info["shape"])
    stored = read_labels(folder, info)
    check_as_written(folder, shape)
    notes = without_damaged([*folder.glob(MOMENTS), *folder.glob("directions-*.npz")])
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
        images=np.memmap(folder / PIXELS, np.uint8, "r", shape=shape),
        names=tuple(info["names"]),
        labels=labels,
        info={**info, "notes": [*info["notes"], *notes]} if notes else info,
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
    damages: list[str] = []

    def open_whole(folder: Path) -> ImageSet | None:
        try:
            return open_image_set(folder)
        except DamagedEntryError as error:
            damages.append(error.why)
            return None

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
        write_checksums(folder)

    images = cached_entry(key, num_bytes, open_whole, fill, renew=renew)
    if not damages:
        return images
    notes = [*images.info["notes"], f"{damages[0]}: the images were prepared again"]
    return replace(images, info={**images.info, "notes": notes})
