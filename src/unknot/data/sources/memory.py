"""Images that are already in memory: arrays, tensors, Pillow images."""

import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unknot.common.errors import UserError
from unknot.data.colors import is_grey_mode
from unknot.data.pixels import UnreadableImage, to_pixels
from unknot.data.preparation import Preparation
from unknot.data.sources import LoadOptions, Scan, Written, as_path


class MemorySource:
    """Images that a program has in memory: an array, a tensor, a sequence of Pillow images."""

    def matches(self, given: Any) -> bool:
        """Say whether it is anything but a path."""
        return as_path(given) is None

    def scan(self, given: Any, options: LoadOptions) -> Scan:
        """Prepare the images, whose content alone tells them from others; see `Source.scan`."""
        pictures = _as_pictures(given)
        num = len(pictures)
        flags = _columns("attributes", options.attributes, num)
        if not np.isin(flags, (-1, 0, 1)).all():
            raise UserError("attributes holds a value that is not 1, 0 or -1 (missing)")
        factors = _columns("factors", options.factors, num)
        images = _fit_pictures(pictures, options.preparation)
        if options.progress:
            options.progress("preparing", num, num)
        content = Written(
            kind="array",
            image_shape=images.shape[1:],
            names=[f"image-{i:06d}" for i in range(num)],
            digests=[hashlib.blake2b(image, digest_size=16).digest() for image in images],
            attributes=flags.astype(np.int8),
            attribute_names=tuple(options.attributes),
            factors=factors,
            factor_names=tuple(options.factors),
        )
        return Scan(
            source="array",
            key=("array",),
            preparation=options.preparation,
            num_bytes=images.nbytes,
            write=partial(_write_images, images, content),
            repeatable=False,
            in_memory=content,
        )


MEMORY = MemorySource()


def _write_images(images: NDArray[np.uint8], content: Written, pixels: Path) -> Written:
    pixels.write_bytes(images.data)
    return content


def _as_pictures(source: Any) -> list[Image.Image]:
    """Take Pillow images from whatever Python object holds images."""
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
    """Turn images of any accepted shape and type into uint8, channels last or absent.

    Raises:
        UserError: if the array has a shape, a type or values that images cannot have.
    """
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


def _fit_pictures(pictures: list[Image.Image], preparation: Preparation) -> NDArray[np.uint8]:
    grey = preparation.color == "grey" or (
        preparation.color == "auto" and all(is_grey_mode(p.mode) for p in pictures)
    )
    try:
        fitted = [to_pixels(picture, preparation, 1 if grey else 3) for picture in pictures]
    except UnreadableImage as error:
        raise UserError(f"an image cannot be used: {error}; change crop, or the image") from None
    return np.ascontiguousarray(fitted)


def _columns(what: str, table: Mapping[str, Any], num: int) -> NDArray[np.float64]:
    """Stack labels, shape `(num, num_labels)`."""
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
