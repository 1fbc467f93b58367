"""Images that are already in memory: arrays, tensors, Pillow images."""

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unknot.data.cache import cache_key
from unknot.data.decode import (
    Progress,
    UnreadableError,
    is_grey_mode,
    to_pixels,
)
from unknot.data.image_set import ImageSet, Labels, make_info, make_labels, prepare
from unknot.data.preparation import Preparation
from unknot.data.splits import split_by_hash
from unknot.errors import UserError


def load_arrays(
    source: Any,
    preparation: Preparation,
    attributes: Mapping[str, Any],
    factors: Mapping[str, Any],
    progress: Progress | None,
) -> ImageSet:
    """Arrays, tensors and Pillow images: the pixels themselves name the cache's entry."""
    pictures = _as_pictures(source)
    num = len(pictures)
    flags = _columns("attributes", attributes, num)
    if not np.isin(flags, (-1, 0, 1)).all():
        raise UserError("attributes holds a value that is not 1, 0 or -1 (missing)")
    causes = _columns("factors", factors, num)
    grey = preparation.color == "grey" or (
        preparation.color == "auto" and all(is_grey_mode(p.mode) for p in pictures)
    )
    images = _fit_pictures(pictures, preparation, grey)
    if progress:
        progress("preparing", num, num)
    digests = [hashlib.blake2b(image.tobytes(), digest_size=16).digest() for image in images]
    names = [f"image-{i:06d}" for i in range(num)]
    split = split_by_hash(names, digests)
    labels = make_labels(
        split,
        attributes=flags.astype(np.int8),
        attribute_names=tuple(attributes),
        factors=causes,
        factor_names=tuple(factors),
    )
    info = make_info("array", "array", names, images.shape[1:], preparation, digests, split)
    info["repeatable"] = False

    def write(pixels: Path) -> tuple[Labels, dict[str, Any]]:
        pixels.write_bytes(images.data)
        return labels, info

    table = hashlib.blake2b(flags.tobytes() + causes.tobytes()).hexdigest()
    key = cache_key("array", info["fingerprint"], list(attributes), list(factors), table)
    return prepare(key, images.nbytes, write)


def _as_pictures(source: Any) -> list[Image.Image]:
    """Pillow images from whatever Python object holds images."""
    if hasattr(source, "detach"):
        source = source.detach().cpu().numpy()
    if isinstance(source, np.ndarray):
        return [Image.fromarray(pixels) for pixels in as_bytes(source)]
    try:
        pictures = list(source)
    except TypeError:
        pictures = []
    if not pictures or not all(isinstance(picture, Image.Image) for picture in pictures):
        raise UserError(
            f"cannot load images from {type(source).__name__}; give a path, an array, a tensor "
            "or a sequence of Pillow images"
        )
    return pictures


def as_bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    """uint8 images, channels last or absent."""
    if array.ndim == 4 and array.shape[1] in (1, 3) and array.shape[3] not in (1, 3):
        array = array.transpose(0, 2, 3, 1)
    if array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] not in (1, 3)):
        raise UserError(
            f"the array has shape {array.shape}; it must be (num, channel, height, width), "
            "(num, height, width, channel) with 1 or 3 channels, or (num, height, width)"
        )
    if array.ndim == 4 and array.shape[3] == 1:
        array = array[..., 0]
    if np.issubdtype(array.dtype, np.floating):
        if not (np.isfinite(array).all() and array.min() >= 0 and array.max() <= 1):
            raise UserError("floating-point images must lie between 0 and 1; rescale them first")
        array = (array * 255 + 0.5).astype(np.uint8)
    if array.dtype != np.uint8:
        raise UserError(f"the array holds {array.dtype}; it must be uint8, or float in [0, 1]")
    return np.ascontiguousarray(array)


def _fit_pictures(
    pictures: list[Image.Image], preparation: Preparation, grey: bool
) -> NDArray[np.uint8]:
    try:
        fitted = [to_pixels(picture, preparation, 1 if grey else 3) for picture in pictures]
    except UnreadableError as error:
        raise UserError(f"an image cannot be used: {error}; change crop, or the image") from None
    return np.ascontiguousarray(fitted)


def _columns(what: str, table: Mapping[str, Any], num: int) -> NDArray[np.float64]:
    columns = []
    for name, values in table.items():
        column = np.asarray(values, np.float64)
        if column.shape != (num,):
            raise UserError(
                f"{what}[{name!r}] has shape {column.shape}; it needs one value for each of the "
                f"{num} images"
            )
        columns.append(column)
    return np.stack(columns, axis=1) if columns else np.empty((num, 0))
