"""Files of arrays: dSprites, 3D Shapes, MPI3D, and any other of images and what is known of them.

They are streamed into the cache, some rows at a time: the large ones do not fit into memory.
"""

from dataclasses import replace
from functools import partial
from math import prod
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.data.benchmark_factors import MPI3D, order_factors
from unknot.data.cache import cache_key, has_entry
from unknot.data.label_columns import KnownLabels
from unknot.data.picture_labels import labels_from_table
from unknot.data.sources import LoadOptions, Scan, Written, as_path
from unknot.data.sources.archive_layout import NAMES, TO_SAY, ArchiveLayout, find_layout
from unknot.data.sources.array_file import ArrayFile, open_arrays
from unknot.data.sources.array_images import (
    RasterImages,
    check_rasters,
    prepared_shape,
    write_rasters,
)
from unknot.data.sources.array_limits import MAX_WHOLE_BYTES
from unknot.data.table_choice import given_key

SUFFIXES = (".npz", ".npy", ".h5", ".hdf5", ".mat", ".zarr")
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


class Factors(NamedTuple):
    """Known causes: values `(num, num_factors)`, their names, the texts, and what was done."""

    values: NDArray[np.float64]
    names: tuple[str, ...]
    levels: dict[str, tuple[str, ...]]
    notes: tuple[str, ...]


class ArchiveSource:
    """A file of arrays of images and their factors, such as dSprites, 3D Shapes and MPI3D."""

    def matches(self, given: Any) -> bool:
        """Say whether it is a file with the ending of one, or a zarr folder."""
        path = as_path(given)
        return path is not None and path.suffix.lower() in SUFFIXES and path.exists()

    def scan(self, given: Any, options: LoadOptions) -> Scan:
        """Read the arrays' shapes and types; see `Source.scan`."""
        path = as_path(given)
        assert path is not None, "only what matches is scanned"
        if options.group != "none":
            raise UserError(
                f"group is {options.group!r}, which goes with folders; {path} is one file"
            )
        place, stat = str(path.resolve()), path.stat()
        keys = [options.images_key, options.factors_key, options.split, *options.label_columns]
        key = (
            "arrays",
            place,
            options.preparation.as_dict(),
            keys,
            given_key(options.labels),
            *options.limits(),
            *_stamp(path, stat.st_size, stat.st_mtime_ns),
        )
        with open_arrays(path, was_opened=has_entry(cache_key(*key))) as arrays:
            layout = find_layout(
                arrays, options.images_key, options.factors_key, options.max_pixels
            )
            images = _images_of(arrays, layout)
            check_rasters(images, options.preparation)
        image_shape = prepared_shape(images, options.preparation)
        return Scan(
            source=place,
            key=key,
            preparation=options.preparation,
            num_bytes=layout.num * prod(image_shape),
            write=partial(_write_archive, path, layout, options),
        )


ARCHIVE = ArchiveSource()


def _stamp(path: Path, size: int, mtime_ns: int) -> tuple[int, int]:
    """Tell when a file, or any of the files of a folder, was changed last, and its size."""
    if path.is_file():
        return size, mtime_ns
    stats = [file.stat() for file in path.rglob("*") if file.is_file()]
    return sum(s.st_size for s in stats), max((s.st_mtime_ns for s in stats), default=0)


def _write_archive(
    path: Path, layout: ArchiveLayout, options: LoadOptions, pixels: Path
) -> Written:
    with open_arrays(path, was_opened=True) as arrays:  # `scan` has seen to it
        factors, kind = read_factors(arrays, layout)
        images = _images_of(arrays, layout)
        written = write_rasters(images, options.preparation, pixels, options.progress)
    names = [f"image-{i:06d}" for i in range(layout.num)]
    result = Written(
        kind=kind,
        image_shape=written.image_shape,
        names=names,
        digests=written.digests,
        factors=factors.values,
        factor_names=factors.names,
        factor_levels=factors.levels,
        split=_split(layout),
        split_by="arrays",
        notes=(*layout.notes, *factors.notes, *written.notes),
    )
    if options.labels is None:
        return result
    return _with_given(result, labels_from_table(options.labels, names, options.label_columns))


def _with_given(written: Written, known: KnownLabels) -> Written:
    """Put the labels that the user gives in the place of those in the file."""
    return replace(
        written,
        attributes=known.attributes,
        attribute_names=known.attribute_names,
        factors=known.factors,
        factor_names=known.factor_names,
        factor_levels=known.factor_levels,
        split=written.split if known.split is None else known.split,
        notes=(*written.notes, *known.notes),
    )


def _split(layout: ArchiveLayout) -> NDArray[np.int8] | None:
    """Keep training, validation and test images apart where they lie in several arrays."""
    if not layout.splits:
        return None
    return np.repeat(np.array(layout.splits, np.int8), layout.nums)


def _images_of(arrays: ArrayFile, layout: ArchiveLayout) -> RasterImages:
    """Read images some rows at a time, channels last; bytes of 0 and 1 as they are."""
    height, width, channels = layout.image_shape

    def chunks():  # type: ignore[no-untyped-def]
        for key in layout.images:
            for chunk in arrays.chunks(key):
                yield _channels_last(chunk, height, width, channels)

    name = f"{arrays.path}: {' and '.join(layout.images)}"
    return RasterImages(
        name, layout.num, layout.image_shape, layout.dtype, chunks, layout.is_dsprites
    )


def _channels_last(chunk: NDArray[Any], height: int, width: int, channels: int) -> NDArray[Any]:
    if chunk.ndim == 2:
        return chunk.reshape(-1, height, width)
    if chunk.ndim == 4 and chunk.shape[1:] == (channels, height, width) != (
        height,
        width,
        channels,
    ):
        return chunk.transpose(0, 2, 3, 1)
    return chunk


def read_factors(arrays: ArrayFile, layout: ArchiveLayout) -> tuple[Factors, str]:
    """Read what is known of each image.

    Returns:
        The factors, and what the file is, now that its factors are known.

    Raises:
        UserError: if they do not fit the images or are no numbers.
    """
    if not layout.factors:
        return _factors_of_order(layout)
    tables = [_factor_table(arrays, key, num) for key, num in zip(layout.factors, layout.nums)]
    table = np.concatenate(tables)
    where = f"{arrays.path}: {layout.factors[0]}"
    if layout.is_dsprites:
        return to_factors(where, table[:, 1:], DSPRITES), layout.kind
    if _is_shapes_3d(arrays, layout, table):
        return to_factors(where, table, tuple(SHAPES_3D)), "3D Shapes"
    names = _factor_names(arrays, table.shape[1], layout.factors[0])
    return to_factors(where, table, names), layout.kind


def _factor_table(arrays: ArrayFile, key: str, num: int) -> NDArray[Any]:
    shape, dtype, *_ = arrays.header(key)
    if len(shape) not in (1, 2) or shape[0] != num:
        raise UserError(
            f"{arrays.path}: {key} has shape {shape}; it needs a row for each of the {num:,} images"
        )
    if prod(shape) * max(1, dtype.itemsize) > MAX_WHOLE_BYTES:
        raise UserError(
            f"{arrays.path}: {key} has shape {shape}, too large for labels; name another by "
            "--factors-key"
        )
    return arrays.read(key).reshape(num, -1)


def _factors_of_order(layout: ArchiveLayout) -> tuple[Factors, str]:
    """Derive factors from the order of the images where that is a known set's."""
    sizes = MPI3D.get(layout.num) if layout.image_shape == (64, 64, 3) else None
    if sizes is None:
        return Factors(np.empty((layout.num, 0)), (), {}, ()), layout.kind
    values = order_factors(sizes, np.arange(layout.num))
    note = "the number of images is MPI3D's: factors follow from their order"
    return Factors(values, tuple(sizes), {}, (note,)), "MPI3D"


def _is_shapes_3d(arrays: ArrayFile, layout: ArchiveLayout, table: NDArray[Any]) -> bool:
    return (
        set(arrays.keys) == {"images", "labels"}
        and layout.image_shape == (64, 64, 3)
        and table.shape[1] == len(SHAPES_3D)
        and all(len(np.unique(c)) <= num for c, num in zip(table.T, SHAPES_3D.values()))
    )


def _factor_names(arrays: ArrayFile, num: int, key: str) -> tuple[str, ...]:
    if NAMES not in arrays.keys:
        if num == 1 and key not in TO_SAY:
            return (key.removesuffix("_train").removeprefix("train_"),)
        return tuple(f"factor_{i}" for i in range(num))
    names = arrays.read(NAMES)
    texts = set(names.tolist()) if names.shape == (num,) and names.dtype.kind == "U" else set()
    if len(texts) < num or not all(text and text.isprintable() for text in texts):
        raise UserError(
            f"{arrays.path}: {NAMES} is {names.ravel()[:MAX_NAMED].tolist()}; it needs a different "
            f"text for each of "
            f"the {num} factors"
        )
    return tuple(names.tolist())


def to_factors(where: str, table: NDArray[Any], names: tuple[str, ...]) -> Factors:
    """Take numbers as they are, NaN where one is missing; number text by the alphabet.

    Raises:
        UserError: if it holds neither, or infinity.
    """
    if table.dtype.kind == "U":
        levels = [np.unique(column, return_inverse=True) for column in table.T]
        notes = tuple(_text_note(name, texts) for name, (texts, _) in zip(names, levels))
        values = np.stack([numbers for _, numbers in levels], axis=1).astype(np.float64)
        texts_of = {name: tuple(texts.tolist()) for name, (texts, _) in zip(names, levels)}
        return Factors(values, names, texts_of, notes)
    if table.dtype.kind not in "biuf" or np.isinf(table).any():
        raise UserError(
            f"{where} holds {table.dtype if table.dtype.kind not in 'biuf' else 'infinity'};"
            " store numbers, text, or NaN where one is missing"
        )
    return Factors(table.astype(np.float64), names, {}, ())


def _text_note(name: str, texts: NDArray[np.str_]) -> str:
    levels = ", ".join(f"{i} is {text!r}" for i, text in enumerate(texts[:MAX_NAMED].tolist()))
    more = f" and {len(texts) - MAX_NAMED:,} more" if len(texts) > MAX_NAMED else ""
    return f"{name} is text, numbered in the order of the alphabet: {levels}{more}"
