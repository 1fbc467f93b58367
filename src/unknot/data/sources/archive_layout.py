"""Which arrays of a file are images and which are what is known of them, by names and shapes."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from unknot.common.errors import UserError
from unknot.data.preparation import CHANNELS, COLORS, MAX_PIXELS
from unknot.data.sources.array_file import ArrayFile
from unknot.data.sources.array_images import has_channels_first
from unknot.data.sources.array_limits import UnreadArray
from unknot.data.splits import TEST, TRAIN, VALIDATION

IMAGES = ("images", "imgs", "x_train", "train_images")
FACTORS = (
    *("factors", "labels", "latents_classes", "latents/classes", "classes", "class", "label"),
    *("targets", "target", "y", "attributes", "latents_values", "latents/values", "y_train"),
    "train_labels",
)
"""What arrays of labels are called, the first that is there before the others."""
PARTS = {"train": TRAIN, "val": VALIDATION, "valid": VALIDATION, "test": TEST}
"""What parts of a set are called in the names of its arrays: `x_train`, `val_images`."""
NAMES = "factor_names"
NAMELESS = (".npy", ".zarr")  # files whose one array we call images
TO_SAY = ("factors", "labels", "latents_classes", "latents/classes")  # what needs no word
DSPRITES_FACTORS = 6
"""Columns of dSprites' table, the first of which has one level."""
MAX_NAMED = 20
MAX_COLUMNS = 64
MIN_SIDE = 8  # of what is taken for images without being called so


@dataclass(frozen=True)
class ArchiveLayout:
    """Which arrays of a file are what.

    Attributes:
        kind: what the file is, for people.
        images: the images' keys: of training and test images where they lie apart.
        nums: how many there are of each.
        splits: the position in `SPLITS` of each; empty where all lie in one array.
        image_shape: height, width, channels.
        dtype: of the images.
        factors: the factors' keys, one for each of the images'; empty if there are none.
        is_dsprites: whether it is dSprites, whose pixels are 0 and 1.
        notes: what was taken for what, and what else the file holds.
    """

    kind: str
    images: tuple[str, ...]
    nums: tuple[int, ...]
    splits: tuple[int, ...]
    image_shape: tuple[int, int, int]
    dtype: np.dtype[Any]
    factors: tuple[str, ...]
    is_dsprites: bool
    notes: tuple[str, ...]

    @property
    def num(self) -> int:
        """The number of all images."""
        return sum(self.nums)


def find_layout(
    arrays: ArrayFile, images_key: str = "", factors_key: str = "", max_pixels: int = MAX_PIXELS
) -> ArchiveLayout:
    """Find the images and the factors by their names, without reading them.

    Args:
        arrays: the file.
        images_key: as the user gave it; by the usual names where empty.
        factors_key: likewise.
        max_pixels: that one image may have.

    Raises:
        UserError: if there are no images, or they have a shape or type that images cannot have.
    """
    key, notes = _find_images(arrays, images_key)
    shape, dtype, _, is_turned = arrays.header(key)
    if is_turned:
        notes = (
            *notes,
            f"the last axis of {key}, of {shape[0]:,}, counts the images (as MATLAB's)",
        )
    is_named = key in IMAGES and arrays.path.suffix.lower() not in NAMELESS
    image_shape = _image_shape(shape, takes_rows=is_named or key == images_key)
    if not image_shape or image_shape[0] * image_shape[1] > max_pixels:
        raise UserError(
            f"{arrays.path}: {key} has shape {shape}; it must be (num, height, width), "
            "(num, height, width, channel) or (num, channel, height, width) with 1 to 4 channels "
            f"and at most {max_pixels:,} pixels (--max-pixels)"
        )
    if len(shape) == 2:
        height, width, _ = image_shape
        notes = (*notes, f"each row of {key} is taken for an image of {height}x{width} pixels")
    images = _parts_of_images(arrays, key)
    splits = tuple(PARTS[_part(name)] for name in images) if len(images) > 1 else ()
    nums = tuple(arrays.header(name).shape[0] for name in images)
    factors = _find_factors(arrays, images, nums, factors_key)
    is_dsprites = (
        key == "imgs"
        and dtype == np.uint8
        and bool(factors)
        and factors[0].endswith("classes")
        and arrays.header(factors[0]).shape[1:] == (DSPRITES_FACTORS,)
    )
    if factors and factors[0] not in TO_SAY:
        notes = (*notes, f"labels are taken from {' and '.join(factors)}")
    return ArchiveLayout(
        kind="dSprites" if is_dsprites else f"{arrays.path.suffix.lower()[1:]} archive",
        images=images,
        nums=nums,
        splits=splits,
        image_shape=image_shape,
        dtype=dtype,
        factors=factors,
        is_dsprites=is_dsprites,
        notes=(*notes, *_unused(arrays, {*images, *factors, NAMES}, is_dsprites)),
    )


def _find_images(arrays: ArrayFile, asked: str) -> tuple[str, tuple[str, ...]]:
    """Find the array of images by its name, or as the only one that can be images."""
    if asked:
        if asked not in arrays.keys:
            raise UserError(f"{arrays.path} has no array {asked!r}; it holds {_listed(arrays)}")
        return asked, ()
    named = [key for key in IMAGES if key in arrays.keys]
    if named:
        return named[0], ()
    possible = [key for key in arrays.keys if _may_be_images(arrays, key, COLORS)]
    if not possible:
        possible = [key for key in arrays.keys if _may_be_images(arrays, key, CHANNELS)]
    if len(possible) == 1:
        return possible[0], (f"images are taken from {possible[0]}",)
    raise UserError(
        f"{arrays.path} has no array called images or imgs, but {_listed(arrays)}; name the one "
        "that holds the images by --images-key"
    )


def _may_be_images(arrays: ArrayFile, key: str, channels: tuple[int, ...]) -> bool:
    try:
        shape, dtype, *_ = arrays.header(key)
    except UserError:
        return False
    image_shape = _image_shape(shape)
    if dtype.kind not in "buif" or image_shape is None:
        return False
    return min(image_shape[:2]) >= MIN_SIDE and image_shape[2] in channels


def _part(key: str) -> str:
    """Name the part of a set that an array is called after; nothing where it is not."""
    return next((word for word in key.split("_") if word in PARTS), "")


def _of_part(key: str, part: str) -> str:
    """Name the array that is to another part what this one is to its own."""
    return "_".join(part if word in PARTS else word for word in key.split("_"))


def _parts_of_images(arrays: ArrayFile, key: str) -> tuple[str, ...]:
    """Name an array of training images, and those of the same set's other images."""
    if _part(key) != "train":
        return (key,)
    shape, dtype, *_ = arrays.header(key)
    names = [_of_part(key, part) for part in PARTS]
    headers = [(name, arrays.header(name)) for name in names if name in arrays.keys]
    return tuple(n for n, h in headers if h.shape[1:] == shape[1:] and h.dtype == dtype)


def _find_factors(
    arrays: ArrayFile, images: Sequence[str], nums: Sequence[int], asked: str
) -> tuple[str, ...]:
    """Find the arrays of labels by their names; their shapes are checked when they are read."""
    if asked and asked not in arrays.keys:
        raise UserError(f"{arrays.path} has no array {asked!r}; it holds {_listed(arrays)}")
    if len(images) > 1:
        return _factors_of_parts(arrays, images, asked)
    if asked:
        return (asked,)
    for key in FACTORS:
        if key not in arrays.keys:
            continue
        if key in ("factors", "labels") or _fits(arrays, key, nums[0]):
            return (key,)
    return ()


def _factors_of_parts(arrays: ArrayFile, images: Sequence[str], asked: str) -> tuple[str, ...]:
    """Find an array of labels for each array of images."""
    for key in (asked,) if asked else FACTORS:
        names = tuple(_of_part(key, _part(name)) for name in images)
        if len(set(names)) == len(images) and all(name in arrays.keys for name in names):
            return names
    if asked:
        raise UserError(
            f"{arrays.path}: images are {' and '.join(images)}, and {asked!r} has no like for "
            "each; save them in one array with a row for each image, or name other labels"
        )
    return ()


def _fits(arrays: ArrayFile, key: str, num: int) -> bool:
    """Whether an array has a row of a few numbers or words for each image."""
    try:
        shape, dtype, *_ = arrays.header(key)
    except UserError:
        return False
    is_table = len(shape) == 1 or (len(shape) == 2 and shape[1] <= MAX_COLUMNS)
    return is_table and shape[0] == num and dtype.kind in "buifUSTO"


def _unused(arrays: ArrayFile, used: set[str], is_dsprites: bool) -> tuple[str, ...]:
    """Name what else the file holds; of dSprites that is known to say the same again."""
    others = [key for key in arrays.keys if key not in used]
    if not others or is_dsprites:
        return ()
    named = ", ".join(_described(arrays, key) for key in others[:MAX_NAMED])
    more = f" and {len(others) - MAX_NAMED:,} more" if len(others) > MAX_NAMED else ""
    return (
        f"also in the file and not used: {named}{more}; --factors-key takes another for labels",
    )


def _listed(arrays: ArrayFile) -> str:
    return ", ".join(_described(arrays, key) for key in arrays.keys[:MAX_NAMED]) or "nothing"


def _described(arrays: ArrayFile, key: str) -> str:
    try:
        shape, dtype, *_ = arrays.header(key)
    except UnreadArray as error:
        return f"{key!r} ({error.what})"
    except UserError:
        return f"{key!r} (not read)"
    values = "text" if dtype.kind in "USTO" else dtype  # other objects are not read
    return f"{key!r} ({' x '.join(map(str, shape)) or 'one value'}, {values})"


def _image_shape(
    shape: tuple[int, ...], *, takes_rows: bool = False
) -> tuple[int, int, int] | None:
    """Find height, width and channels of an array's images; None if it cannot hold images.

    Rows of a square number of pixels are images where the user or the array's name says so.
    """
    if len(shape) == 2 and takes_rows and shape[1] > 0:
        side = round(shape[1] ** 0.5)
        shape = (shape[0], side, side) if side**2 == shape[1] else shape
    if len(shape) == 3:
        shape = (*shape, 1)
    if has_channels_first(shape):
        shape = (shape[0], *shape[2:], shape[1])
    if len(shape) != 4 or shape[3] not in CHANNELS or shape[1] * shape[2] <= 0:
        return None
    return shape[1], shape[2], shape[3]
