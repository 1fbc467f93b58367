"""Images that a program has: arrays, tensors, Pillow images, data sets of other libraries."""

import hashlib
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from unknot.common.errors import UserError
from unknot.data.cache import cache_folder
from unknot.data.label_columns import KnownLabels, as_numbers, known_labels, level_note
from unknot.data.label_table import Column, table_of_frame
from unknot.data.preparation import CHANNELS, COLORS, NUM_CHANNELS
from unknot.data.raster.picture_files import UnreadableImage
from unknot.data.raster.pixels import fit_channels, is_grey_mode, to_pixels
from unknot.data.sources import LoadOptions, Scan, Written, as_path
from unknot.data.sources.array_images import check_color, has_channels_first

PROGRESS_EVERY = 100
MAX_PLACES = 64  # of a vector of labels

AnyImage = Image.Image | NDArray[np.uint8]
"""A picture, or channels that are no colors, shape `(height, width, channel)`."""


class MemorySource:
    """Images that a program has: an array, a tensor, Pillow images, or a data set of a library.

    A data set is anything with a length whose items are images, or pairs of an image and a label,
    or dictionaries of an image and labels, as those of torch and of Hugging Face are. Its items are
    read one by one, so it may be larger than the memory.
    """

    def matches(self, given: Any) -> bool:
        """Say whether it is anything but a path."""
        return as_path(given) is None

    def scan(self, given: Any, options: LoadOptions) -> Scan:
        """Prepare the images, whose content alone tells them from others; see `Source.scan`."""
        items = as_items(given)
        num = len(items)
        given = _given_columns("attributes", options.attributes, num)
        flags = _flags(given, num)
        causes = _given_columns("factors", options.factors, num)
        factors, levels, notes = _factors(causes, num)
        spool, content, frame = _spool(items, options)
        known = _own_labels(frame, num, options.label_columns)
        content = replace(
            content,
            attributes=np.hstack([flags, known.attributes]),
            attribute_names=(*given, *known.attribute_names),
            factors=factors if known.factors is None else np.hstack([factors, known.factors]),
            factor_names=(*causes, *known.factor_names),
            factor_levels={**levels, **known.factor_levels},
            split=known.split,
            split_by="the images' labels",
            notes=(*notes, *known.notes),
        )
        return Scan(
            source="array",
            key=("array",),
            preparation=options.preparation,
            num_bytes=spool.num_bytes,
            write=partial(_write_images, spool, content),
            repeatable=False,
            in_memory=content,
        )


MEMORY = MemorySource()


class _Spool:
    """Prepared pixels in a file without a name, as long as something refers to it."""

    def __init__(self) -> None:
        cache_folder().mkdir(parents=True, exist_ok=True)
        self._file = tempfile.TemporaryFile(dir=cache_folder())  # noqa: SIM115  # closed below
        self.num_bytes = 0

    def __del__(self) -> None:
        if hasattr(self, "_file"):
            self._file.close()

    def clear(self) -> None:
        """Forget what was added."""
        self._file.seek(0)
        self._file.truncate()
        self.num_bytes = 0

    def add(self, pixels: NDArray[np.uint8]) -> None:
        """Add an image at the end."""
        self._file.write(pixels.data)
        self.num_bytes += pixels.nbytes

    def copy_to(self, path: Path) -> None:
        """Write all images to a file."""
        self._file.seek(0)
        with path.open("wb") as file:
            shutil.copyfileobj(self._file, file, 2**20)


def _write_images(spool: _Spool, content: Written, pixels: Path) -> Written:
    spool.copy_to(pixels)
    return content


def as_items(source: Any) -> Sequence[Any]:
    """Take images one by one from whatever Python object holds images.

    Raises:
        UserError: if it holds none.
    """
    if hasattr(source, "detach"):
        source = source.detach().cpu().numpy()
    if isinstance(source, np.ndarray) and len(source):
        return list(as_bytes(source))
    is_stream = any(kind.__name__ == "IterableDataset" for kind in type(source).__mro__)  # torch's
    if not hasattr(source, "__len__") and (is_stream or hasattr(source, "__getitem__")):
        raise UserError(
            f"{type(source).__name__} has no length, so it may never end; give as many images as "
            "you want, such as list(itertools.islice(data, 10_000))"
        )
    if is_stream:
        source = list(islice(source, len(source)))
    if not (hasattr(source, "__len__") and hasattr(source, "__getitem__")):
        try:
            source = list(source)
        except TypeError:
            raise _no_images(source) from None
    if not len(source):
        raise _no_images(source)
    return source


def _no_images(source: Any) -> UserError:
    return UserError(
        f"cannot load images from {type(source).__name__}; give a path, an array, a tensor, a "
        "sequence of Pillow images, or a data set whose items are images or pairs of image and "
        "label"
    )


def _spool(
    items: Sequence[Any], options: LoadOptions
) -> tuple[_Spool, Written, dict[str, list[Any]]]:
    """Prepare the images one by one; grey unless one of them has colors or more channels."""
    spool, color = _Spool(), options.preparation.color
    num_channels = _num_channels(image_of_item(items[0])[0], color)
    while True:
        spool.clear()
        digests: list[bytes] = []
        frame: dict[str, list[Any]] = {}
        for index in range(len(items)):
            image, labels = image_of_item(items[index])
            has_colors = (num_channels, _num_channels(image, color)) == (1, 3)
            if has_colors:
                break
            pixels = _fit(image, options, num_channels)
            digests.append(hashlib.blake2b(pixels.data, digest_size=16).digest())
            spool.add(pixels)
            for name, value in labels.items():
                frame.setdefault(name, [None] * len(items))[index] = value
            if options.progress and index % PROGRESS_EVERY == 0:
                options.progress("preparing", index + 1, len(items))
        else:
            break
        num_channels = 3
    content = Written(
        kind="array",
        image_shape=options.preparation.image_shape(num_channels),
        names=[f"image-{i:06d}" for i in range(len(items))],
        digests=digests,
    )
    return spool, content, frame


def _num_channels(image: AnyImage, color: str) -> int:
    """Give the number of channels that an image is prepared with, if all are like it."""
    if isinstance(image, np.ndarray):
        check_color("the array", image.shape[2], color)
        return image.shape[2]
    return 3 if color == "auto" and not is_grey_mode(image.mode) else NUM_CHANNELS[color]


def image_of_item(item: Any) -> tuple[AnyImage, dict[str, Any]]:
    """Take the image and the labels of one item of a data set.

    Raises:
        UserError: if it holds no image.
    """
    if isinstance(item, Mapping):
        for name, value in item.items():
            image = _image(value)
            if image is not None:
                return image, _plain_labels({k: v for k, v in item.items() if k != name})
    elif isinstance(item, tuple | list) and len(item) == 2:
        image = _image(item[0])
        if image is not None:
            labels = item[1] if isinstance(item[1], Mapping) else {"label": item[1]}
            return image, _plain_labels(labels)
    else:
        image = _image(item)
        if image is not None:
            return image, {}
    raise _no_images(item)


def _image(value: Any) -> AnyImage | None:
    """Take an image from a Pillow image, an array or a tensor; None if it is none of these."""
    if isinstance(value, Image.Image):
        return value
    if hasattr(value, "detach"):
        value = value.detach().cpu().numpy()
    if isinstance(value, np.ndarray) and value.ndim in (2, 3):
        pixels = as_bytes(value[None])[0]
        is_colors = pixels.ndim == 2 or pixels.shape[2] in COLORS
        return Image.fromarray(pixels) if is_colors else pixels
    return None


def _plain_labels(labels: Mapping[Any, Any]) -> dict[str, Any]:
    """Take numbers and words; a short vector has a column for each of its places."""
    plain: dict[str, Any] = {}
    for name, value in labels.items():
        if hasattr(value, "detach"):
            value = value.detach().cpu().numpy()
        if isinstance(value, np.ndarray) and value.ndim == 1 and value.size <= MAX_PLACES:
            plain |= {f"{name}_{i}": place for i, place in enumerate(value.tolist())}
        elif isinstance(value, np.ndarray | np.generic) and np.ndim(value) == 0:
            plain[str(name)] = value.item()
        elif isinstance(value, str | int | float | None):
            plain[str(name)] = value
    return plain


def _own_labels(
    frame: Mapping[str, Sequence[Any]], num: int, columns: Sequence[str]
) -> KnownLabels:
    """Make labels of what lay beside each image, by the rules of tables."""
    if not frame:
        return KnownLabels(attributes=np.empty((num, 0), np.int8))
    table = table_of_frame(frame, "the images' labels")
    return known_labels(table, np.arange(num), key=None, columns=columns)


def as_bytes(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Turn images of any accepted shape and type into uint8, channels last or absent.

    Raises:
        UserError: if the array has a shape, a type or values that images cannot have.
    """
    if has_channels_first(array.shape):
        array = array.transpose(0, 2, 3, 1)
    if array.ndim not in (3, 4) or (array.ndim == 4 and array.shape[3] not in CHANNELS):
        raise UserError(
            f"the array has shape {array.shape}; it must be (num, channel, height, width), "
            "(num, height, width, channel) with 1 to 4 channels, or (num, height, width)"
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


def _fit(image: AnyImage, options: LoadOptions, num_channels: int) -> NDArray[np.uint8]:
    try:
        if isinstance(image, np.ndarray):
            pixels = fit_channels(image, options.preparation)
        else:
            pixels = to_pixels(image, options.preparation, num_channels)
    except UnreadableImage as error:
        raise UserError(f"an image cannot be used: {error}; change crop, or the image") from None
    if len(pixels) != num_channels:
        raise UserError(
            f"an image has {len(pixels)} channels where the first has {num_channels}; give all the "
            "same number"
        )
    return np.ascontiguousarray(pixels)


def _given_columns(what: str, given: Any, num: int) -> dict[str, Column]:
    """Take a column for each label that the user gives: a dictionary, or a data frame."""
    if not given and isinstance(given, Mapping):
        return {}
    try:
        columns = dict(table_of_frame(given).columns)
    except (UserError, TypeError):
        raise UserError(
            f"{what} is {type(given).__name__}; give a dictionary of a name and one value for each "
            "image"
        ) from None
    for name, column in columns.items():
        if len(column) != num:
            raise UserError(
                f"{what}[{name!r}] has shape ({len(column)},); it needs one value for each of the "
                f"{num} images"
            )
    return columns


def _flags(columns: Mapping[str, Column], num: int) -> NDArray[np.int8]:
    """Take binary labels: 1, 0, and -1 or nothing where one is missing."""
    stacked = np.empty((num, len(columns)), np.int8)
    for place, column in enumerate(columns.values()):
        values = as_numbers(column)
        if values is None or not np.isin(values[np.isfinite(values)], (-1, 0, 1)).all():
            raise UserError(
                "attributes holds a value that is not 1, 0 or -1 (missing); give text and other "
                "numbers as factors"
            )
        stacked[:, place] = np.where(np.isfinite(values), values, -1)
    return stacked


def _factors(
    columns: Mapping[str, Column], num: int
) -> tuple[NDArray[np.float64], dict[str, tuple[str, ...]], tuple[str, ...]]:
    """Take numbers as they are and number text by the alphabet; the texts, and what to say."""
    stacked = np.empty((num, len(columns)))
    levels: dict[str, tuple[str, ...]] = {}
    notes: tuple[str, ...] = ()
    for place, (name, column) in enumerate(columns.items()):
        values = as_numbers(column)
        if values is None:
            texts = sorted({text for text in column if text})
            number = {text: i for i, text in enumerate(texts)} | {"": np.nan}
            values = np.array([number[text] for text in column], np.float64)
            levels[name] = tuple(texts)
            notes = (*notes, level_note(name, texts))
        stacked[:, place] = values
    return stacked, levels, notes
