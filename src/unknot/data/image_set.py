"""ImageSet: prepared images on a memory map, with what is known about each."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.data.cache import cached_entry
from unknot.data.preparation import Preparation
from unknot.data.splits import SPLITS
from unknot.data.standardize import Moments, moments
from unknot.errors import UserError
from unknot.files import read_arrays, read_json, write_arrays, write_json

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
        names: the relative path of each image.
        labels: splits, attributes, factors and groups.
        info: what was prepared and how, as in `info.json`: `source`, `kind`, `preparation`,
            `group`, `fingerprint`, `unreadable` (name and reason), `notes`, `split_by`,
            `num_duplicates`, and `repeatable`: whether `source` alone gives the same images.
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
        """Channels, height, width."""
        channels, height, width = self.images.shape[1:]
        return channels, height, width

    @property
    def fingerprint(self) -> str:
        """A digest of the pictures' content, their preparation and their splits."""
        return str(self.info["fingerprint"])

    def indices(self, split: str) -> NDArray[np.int64]:
        """Positions of the images of one split, ascending."""
        return np.flatnonzero(self.labels.split == SPLITS.index(split))

    def training_moments(self) -> Moments:
        """Exact pixel sums over the training images; computed once and kept in the cache."""
        path = self.folder / MOMENTS
        if not path.exists():
            computed = moments(self.images, self.indices("train"))
            arrays = {"total": computed.total, "total_squares": computed.total_squares}
            write_arrays(path, {"num": np.array(computed.num), **arrays})
        stored = read_arrays(path)
        return Moments(int(stored["num"]), stored["total"], stored["total_squares"])


def open_image_set(folder: Path) -> ImageSet:
    """Map a prepared data set from its folder in the cache.

    Raises:
        UserError: if it is not there or is damaged.
    """
    info = read_json(folder / INFO)
    shape = tuple(info["shape"])
    if not _is_whole(folder):
        raise UserError(f"{folder} is damaged; run `unknot data --clear` and the command again")
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
    return ImageSet(folder, images, tuple(info["names"]), labels, info)


def prepare(
    key: str, num_bytes: int, write: Callable[[Path], tuple[Labels, dict[str, Any]]]
) -> ImageSet:
    """Open a data set from the cache, preparing it first if need be.

    Args:
        key: its name in the cache.
        num_bytes: the size of its pixels.
        write: writes `images.u8` into a folder; returns the labels and the info, which must hold
            `shape`, `names`, `source`, `kind` and `fingerprint`.
    """

    def fill(folder: Path) -> None:
        labels, info = write(folder / PIXELS)
        kept = ("split", "attributes", "factors", "groups")
        write_arrays(folder / LABELS, {name: getattr(labels, name) for name in kept})
        write_json(
            folder / INFO,
            {
                **info,
                "attribute_names": labels.attribute_names,
                "factor_names": labels.factor_names,
                "group_names": labels.group_names,
            },
        )

    return open_image_set(cached_entry(key, num_bytes, _is_whole, fill))


def make_labels(split: NDArray[np.int8], **known: Any) -> Labels:
    """Labels of which only some are known."""
    num = len(split)
    nothing = {
        "attributes": np.empty((num, 0), np.int8),
        "attribute_names": (),
        "factors": np.empty((num, 0)),
        "factor_names": (),
        "groups": np.full(num, -1, np.int32),
        "group_names": (),
    }
    return Labels(split, **{**nothing, **{k: v for k, v in known.items() if v is not None}})


def make_info(
    source: str,
    kind: str,
    names: Sequence[str],
    shape: Sequence[int],
    preparation: Preparation,
    digests: Sequence[bytes],
    split: NDArray[np.int8],
) -> dict[str, Any]:
    """What `info.json` says of every data set."""
    parts = [*digests, repr((preparation.as_dict(), shape)).encode(), split.tobytes()]
    return {
        "source": source,
        "kind": kind,
        "shape": [len(names), *shape],
        "names": list(names),
        "preparation": preparation.as_dict(),
        "fingerprint": hashlib.blake2b(b"".join(parts), digest_size=16).hexdigest(),
        "group": "none",
        "repeatable": True,
        "split_by": "name",
        "num_found": len(names),
        "num_duplicates": len(digests) - len(set(digests)),
        "unreadable": {},
        "notes": [],
    }


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
