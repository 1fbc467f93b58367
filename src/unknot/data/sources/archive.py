"""Benchmark archives: dSprites, 3D Shapes, and any npz or HDF5 file of images and their factors.

They are streamed into the cache, some rows at a time: the large ones do not fit into memory.
"""

import hashlib
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unknot.common.errors import UserError
from unknot.common.progress import Progress
from unknot.data.pixels import MAX_PIXELS, UnreadableImage, crop_box, to_pixels
from unknot.data.preparation import Preparation
from unknot.data.sources import LoadOptions, Scan, Written, as_path
from unknot.data.sources.array_file import ArrayFile, open_arrays
from unknot.data.sources.memory import as_bytes
from unknot.data.splits import SPLITS

SUFFIXES = (".npz", ".h5", ".hdf5")
IMAGES, FACTORS, NAMES = ("images", "imgs"), ("factors", "labels"), "factor_names"

DSPRITES = ("shape", "scale", "orientation", "posX", "posY")
"""dSprites' factors behind its first, a color of one level; its own names lie in a pickle."""

SHAPES_3D = {
    "floor_hue": 10,
    "wall_hue": 10,
    "object_hue": 10,
    "scale": 8,
    "shape": 4,
    "orientation": 15,
}
"""3D Shapes' factors, which its file does not name, and how many values each has."""

MAX_NAMED = 20


@dataclass(frozen=True)
class ArchiveLayout:
    """Which arrays of a file are what.

    Attributes:
        kind: what the file is, for people.
        images: the images' key.
        num: how many there are.
        image_shape: height, width, channels.
        factors: the factors' key, or None.
        binary: whether the pixels are 0 and 1, as dSprites' are.
    """

    kind: str
    images: str
    num: int
    image_shape: tuple[int, int, int]
    factors: str | None
    binary: bool


class Factors(NamedTuple):
    """Known causes: values `(num, num_factors)`, their names, and what was done to them."""

    values: NDArray[np.float64]
    names: tuple[str, ...]
    notes: tuple[str, ...]


class ArchiveSource:
    """An npz or HDF5 file of images and their factors, such as dSprites and 3D Shapes."""

    def matches(self, given: Any) -> bool:
        """Say whether it is a file with the ending of one."""
        path = as_path(given)
        return path is not None and path.suffix.lower() in SUFFIXES and path.is_file()

    def scan(self, given: Any, options: LoadOptions) -> Scan:
        """Read the arrays' shapes and types; see `Source.scan`."""
        path, preparation = Path(given).expanduser(), options.preparation
        if options.group != "none":
            raise UserError(
                f"group is {options.group!r}, which goes with folders; {path} is one file"
            )
        place, stat = str(path.resolve()), path.stat()
        with open_arrays(path) as arrays:
            layout = find_layout(arrays)
        num_channels = _num_channels(layout, preparation)
        # whether they fit a crop is said even where the images are in the cache
        as_stored = _is_as_stored(path, layout, preparation, num_channels)
        return Scan(
            source=place,
            key=("archive", place, preparation.as_dict(), stat.st_size, stat.st_mtime_ns),
            preparation=preparation,
            num_bytes=layout.num * num_channels * preparation.size**2,
            write=partial(_write_archive, path, layout, options, num_channels, as_stored),
        )


ARCHIVE = ArchiveSource()


def _write_archive(
    path: Path,
    layout: ArchiveLayout,
    options: LoadOptions,
    num_channels: int,
    as_stored: bool,
    pixels: Path,
) -> Written:
    preparation = options.preparation
    with open_arrays(path) as arrays:
        factors, kind = read_factors(arrays, layout)
        fit = None if as_stored else preparation
        digests = _write_images(arrays, layout, fit, num_channels, pixels, options.progress)
    return Written(
        kind=kind,
        image_shape=(num_channels, preparation.size, preparation.size),
        names=[f"image-{i:06d}" for i in range(layout.num)],
        digests=digests,
        factors=factors.values,
        factor_names=factors.names,
        notes=factors.notes,
    )


def find_layout(arrays: ArrayFile) -> ArchiveLayout:
    """Find the images and the factors by their names, without reading them.

    Raises:
        UserError: if there are no images, or they have a shape or type that images cannot have.
    """
    key = next((key for key in IMAGES if key in arrays.keys), None)
    if key is None:
        keys = ", ".join(map(repr, arrays.keys[:MAX_NAMED])) or "nothing"
        raise UserError(
            f"{arrays.path} has no array called {' or '.join(IMAGES)}, but {keys}; "
            "store the images under one of these names"
        )
    shape, dtype, _ = arrays.header(key)
    image_shape = _image_shape(shape)
    if not image_shape:
        raise UserError(
            f"{arrays.path}: {key} has shape {shape}; it must be (num, height, width), "
            "(num, height, width, channel) or (num, channel, height, width) with 1 or 3 channels "
            f"and at most {MAX_PIXELS:,} pixels"
        )
    if dtype != np.uint8 and dtype.kind != "f":
        raise UserError(f"{arrays.path}: {key} holds {dtype}; store uint8, or float in [0, 1]")
    if shape[0] < len(SPLITS):
        raise UserError(
            f"{arrays.path}: {key} holds {shape[0]} image(s); training, validation and test need "
            "at least one each"
        )
    is_dsprites = (
        key == "imgs"
        and dtype == np.uint8
        and "latents_classes" in arrays.keys
        and arrays.header("latents_classes").shape[1:] == (len(DSPRITES) + 1,)
    )
    factors = next((key for key in FACTORS if key in arrays.keys), None)
    return ArchiveLayout(
        kind="dSprites" if is_dsprites else f"{arrays.path.suffix.lower()[1:]} archive",
        images=key,
        num=shape[0],
        image_shape=image_shape,
        factors="latents_classes" if is_dsprites else factors,
        binary=is_dsprites,
    )


def _image_shape(shape: tuple[int, ...]) -> tuple[int, int, int] | None:
    """Find height, width and channels of an array's images; None if it cannot hold images."""
    if len(shape) == 3:
        shape = (*shape, 1)
    if len(shape) == 4 and shape[1] in (1, 3) and shape[3] not in (1, 3):
        shape = (shape[0], *shape[2:], shape[1])
    if len(shape) != 4 or shape[3] not in (1, 3) or not 0 < shape[1] * shape[2] <= MAX_PIXELS:
        return None
    return shape[1], shape[2], shape[3]


def _num_channels(layout: ArchiveLayout, preparation: Preparation) -> int:
    if preparation.color == "auto":
        return layout.image_shape[2]
    return 1 if preparation.color == "grey" else 3


def _is_as_stored(
    path: Path, layout: ArchiveLayout, preparation: Preparation, num_channels: int
) -> bool:
    """Whether the images already are as the preparation wants them."""
    height, width, stored_channels = layout.image_shape
    try:
        box = crop_box((width, height), preparation.crop)
    except UnreadableImage as error:
        raise UserError(f"{path}: {error}; choose a smaller crop") from None
    size = preparation.size
    return stored_channels == num_channels and box == (0, 0, width, height) == (0, 0, size, size)


def _write_images(
    arrays: ArrayFile,
    layout: ArchiveLayout,
    preparation: Preparation | None,
    num_channels: int,
    pixels: Path,
    progress: Progress | None,
) -> list[bytes]:
    """Write every image, prepared; return a digest of each."""
    digests: list[bytes] = []
    brightest = 0
    with pixels.open("wb") as file:
        for chunk in arrays.chunks(layout.images):
            brightest = max(brightest, chunk.max())
            images = _fit(_stored_bytes(arrays.path, layout, chunk), preparation, num_channels)
            file.write(images.data)
            digests += [hashlib.blake2b(image, digest_size=16).digest() for image in images]
            if progress:
                progress("preparing", len(digests), layout.num)
    stretched = layout.binary or arrays.header(layout.images).dtype != np.uint8
    if not stretched and brightest <= 1:
        raise UserError(
            f"{arrays.path}: no pixel of {layout.images} is above 1 of 255; store them times 255"
        )
    return digests


def _stored_bytes(path: Path, layout: ArchiveLayout, chunk: NDArray[Any]) -> NDArray[np.uint8]:
    """Turn some images into uint8, channels last or absent."""
    if layout.binary:
        if chunk.max() > 1:
            raise UserError(f"{path}: {layout.images} holds {chunk.max()}; dSprites' are 0 or 1")
        return np.multiply(chunk, 255, dtype=np.uint8)
    try:
        return as_bytes(chunk)
    except UserError as error:
        raise UserError(f"{path}: {layout.images}: {error}") from None


def _fit(
    images: NDArray[np.uint8], preparation: Preparation | None, num_channels: int
) -> NDArray[np.uint8]:
    """Crop and resize, if there is a preparation; channels to the front."""
    if preparation:
        pictures = map(Image.fromarray, images)
        fitted = [to_pixels(picture, preparation, num_channels) for picture in pictures]
        return np.ascontiguousarray(fitted)
    return (
        images[:, None] if num_channels == 1 else np.ascontiguousarray(images.transpose(0, 3, 1, 2))
    )


def read_factors(arrays: ArrayFile, layout: ArchiveLayout) -> tuple[Factors, str]:
    """Read what is known of each image.

    Returns:
        The factors, and what the file is, now that its factors are known.

    Raises:
        UserError: if they do not fit the images or are no numbers.
    """
    if layout.factors is None:
        nothing = Factors(values=np.empty((layout.num, 0)), names=(), notes=())
        return nothing, layout.kind
    shape = arrays.header(layout.factors).shape
    if len(shape) not in (1, 2) or shape[0] != layout.num:
        raise UserError(
            f"{arrays.path}: {layout.factors} has shape {shape}; it needs a row for each of the "
            f"{layout.num:,} images"
        )
    table = arrays.read(layout.factors).reshape(layout.num, -1)
    if layout.binary:
        return _to_numbers(arrays.path, layout.factors, table[:, 1:], DSPRITES), layout.kind
    if _is_shapes_3d(arrays, layout, table):
        names = tuple(SHAPES_3D)
        return _to_numbers(arrays.path, layout.factors, table, names), "3D Shapes"
    names = _factor_names(arrays, table.shape[1])
    return _to_numbers(arrays.path, layout.factors, table, names), layout.kind


def _is_shapes_3d(arrays: ArrayFile, layout: ArchiveLayout, table: NDArray[Any]) -> bool:
    return (
        set(arrays.keys) == {"images", "labels"}
        and layout.image_shape == (64, 64, 3)
        and table.shape[1] == len(SHAPES_3D)
        and all(len(np.unique(c)) <= num for c, num in zip(table.T, SHAPES_3D.values()))
    )


def _factor_names(arrays: ArrayFile, num: int) -> tuple[str, ...]:
    if NAMES not in arrays.keys:
        return tuple(f"factor_{i}" for i in range(num))
    names = arrays.read(NAMES)
    texts = set(names.tolist()) if names.shape == (num,) and names.dtype.kind == "U" else set()
    if len(texts) < num or not all(text and text.isprintable() for text in texts):
        raise UserError(
            f"{arrays.path}: {NAMES} is {names.tolist()}; it needs a different text for each of "
            f"the {num} factors"
        )
    return tuple(names.tolist())


def _to_numbers(path: Path, key: str, table: NDArray[Any], names: tuple[str, ...]) -> Factors:
    """Take numbers as they are, NaN where one is missing; number text by the alphabet."""
    if table.dtype.kind == "U":
        levels = [np.unique(column, return_inverse=True) for column in table.T]
        notes = tuple(_text_note(name, texts) for name, (texts, _) in zip(names, levels))
        values = np.stack([numbers for _, numbers in levels], axis=1).astype(np.float64)
        return Factors(values=values, names=names, notes=notes)
    if table.dtype.kind not in "biuf" or np.isinf(table).any():
        raise UserError(
            f"{path}: {key} holds {table.dtype if table.dtype.kind not in 'biuf' else 'infinity'};"
            " store numbers, text, or NaN where one is missing"
        )
    return Factors(values=table.astype(np.float64), names=names, notes=())


def _text_note(name: str, texts: NDArray[np.str_]) -> str:
    levels = ", ".join(f"{i} is {text!r}" for i, text in enumerate(texts[:MAX_NAMED].tolist()))
    more = f" and {len(texts) - MAX_NAMED:,} more" if len(texts) > MAX_NAMED else ""
    return f"{name} is text, numbered in the order of the alphabet: {levels}{more}"
