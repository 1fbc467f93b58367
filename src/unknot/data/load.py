"""What a user points at -> ImageSet: the first source that knows it, then the cache.

The sources write pixels; the names of the cache's entries, the splits and the fingerprints are made
here, for all of them alike.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.common.plugins import load_plugin
from unknot.common.progress import Progress
from unknot.data.cache import cache_key, cache_notes
from unknot.data.folder_walk import UNUSED, file_kind
from unknot.data.given_path import look_at
from unknot.data.image_files import is_picture, is_table
from unknot.data.image_set import ImageSet, Labels, prepare
from unknot.data.preparation import MAX_PIXELS, SHARES, Preparation, parse_split
from unknot.data.sources import (
    BUILT_IN,
    SOURCES,
    LoadOptions,
    Scan,
    Source,
    Written,
    as_path,
    find_source,
)
from unknot.data.splits import fill_split, split_by_hash
from unknot.data.visible_channels import WHAT_IS_SEEN

PICKLES = (".pkl", ".pickle", ".pt", ".pth", ".joblib")
Group = Literal["none", "folder", "classes", "people"]


def load_images(
    source: Any,
    *,
    size: int | str = 64,
    crop: str | int = "auto",
    color: Literal["auto", "rgb", "grey", "rgba"] = "auto",
    frames: Literal["first", "all"] = "first",
    labels: Any = None,
    label_columns: Sequence[str] = (),
    group: Group = "none",
    split: str = "auto",
    images_key: str = "",
    factors_key: str = "",
    max_pixels: int = MAX_PIXELS,
    num: int | None = None,
    seed: int = 0,
    attributes: Mapping[str, Any] | None = None,
    factors: Mapping[str, Any] | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> ImageSet:
    """Prepare images once, and open them from the cache ever after.

    Args:
        source: `"faces"` or `"sprites"` (built in), a path (a folder or zip of images, CelebA's
            layout, or an npz or HDF5 archive of images and factors), an array or tensor of shape
            `(num, channel, height, width)`, `(num, height, width, channel)` with 1 to 4 channels or
            `(num, height, width)` (uint8, or floating point in [0, 1]), or a sequence of Pillow
            images.
        size: height and width of the prepared images in pixels, each from 28 to 256: `64`, or
            `"96x128"`.
        crop: `"auto"` (148 of CelebA's 178x218 for squares, otherwise the largest centered part of
            the size's shape), `"none"` (squeeze), or the side of a centered square in pixels.
        color: `"rgb"`, `"grey"`, `"rgba"` (colors over white, and opacity), or `"auto"`: grey if
            the images are, and arrays of two or four channels as they are.
        frames: `"first"`, or `"all"` pages or frames of a file that holds several.
        labels: a table with a row for each image: a csv, tsv, jsonl or parquet file, or a data
            frame. By default the one that lies with the images, if there is one.
        label_columns: columns of the table to take; by default all that can be labels.
        group: what sub-folders are: `"classes"` (labels), `"people"` (groups of images that belong
            together), `"folder"` (classes where they are few and large, groups otherwise).
        split: `"auto"` keeps the splits that the images have; `"hash"`, or shares such as
            `"60/20/20"`, deals them anew by a hash of their names.
        images_key: the array that holds the images, in a file of arrays.
        factors_key: the array that holds their factors.
        max_pixels: that one picture may have; larger ones are left out, so that the memory
            suffices.
        num: how many built-in images to draw (20,000 faces, 50,000 sprites).
        seed: of the built-in images.
        attributes: for arrays and Pillow images: name -> binary labels (1, 0, -1 if missing).
        factors: for arrays and Pillow images: name -> values of a known cause.
        workers: threads that decode; one per core by default.
        progress: called as `progress(what, done, total)`.

    Raises:
        UserError: if the source cannot be used; the message says what to do.
    """
    options = LoadOptions(
        preparation=Preparation(size=size, crop=str(crop), color=color),
        frames=frames,
        labels=labels,
        label_columns=tuple(label_columns),
        group=group,
        split=split,
        images_key=images_key,
        factors_key=factors_key,
        max_pixels=max_pixels,
        num=num,
        seed=seed,
        attributes=attributes or {},
        factors=factors or {},
        workers=workers,
        progress=progress,
    )
    _check_options(source, options)
    chosen = _choose(source)
    _check_keys(chosen, options)
    scan = chosen.scan(source, options)
    images = _prepare(scan, options)
    notes = [*cache_notes(), *scan.notes, *images.info["notes"]]
    return replace(images, info={**images.info, "notes": notes})


def _prepare(scan: Scan, options: LoadOptions) -> ImageSet:
    """Open the images from the cache, or prepare them: anew where more of them can be read now."""
    name, write = _entry_name(scan, options), partial(_write, scan, options)
    images = prepare(name, scan.num_bytes, write)
    passing = images.info.get("passing", [])
    if any(_is_readable(Path(scan.source) / file) for file in passing):
        return prepare(name, scan.num_bytes, write, renew=True)
    return images


def _is_readable(path: Path) -> bool:
    try:
        if not path.is_file():
            return False
        with path.open("rb") as file:
            return bool(file.read(1))
    except OSError:
        return False


def _check_options(given: Any, options: LoadOptions) -> None:
    """Refuse options that go with another kind of source."""
    path = as_path(given)
    if options.labels is not None and (path is None and not hasattr(given, "columns")):
        raise UserError("labels goes with files; give attributes and factors with images in memory")
    if path is None:
        return
    if len(options.attributes) or len(options.factors):
        raise UserError("attributes and factors go with arrays or Pillow images, not with a path")
    if str(given) in BUILT_IN:
        if options.labels is not None or options.label_columns:
            raise UserError(f"{given} are built in with all their factors; labels goes with files")
    elif options.num is not None:
        raise UserError("num goes with built-in data; a path is read whole")


def _check_keys(source: Source, options: LoadOptions) -> None:
    """Refuse names of arrays where there are none."""
    has_arrays = source is load_plugin("source", "archive", SOURCES)
    if (options.images_key or options.factors_key) and not has_arrays:
        raise UserError(
            "--images-key and --factors-key go with a file of arrays (npz, h5, mat, zarr)"
        )


def _choose(given: Any) -> Source:
    """Find the source of what was given, or say why there is none."""
    path = as_path(given)
    if path is not None and str(given) not in BUILT_IN and _is_there(path):
        look_at(path, takes_folders=True)
    source = find_source(given)
    if source is not None:
        return source
    assert path is not None, "whatever is no path is taken for images in memory"
    if not path.exists():
        raise UserError(
            f"{path} does not exist; give a folder, zip, npz or h5 of images, "
            f"or {' or '.join(BUILT_IN)}"
        )
    raise UserError(f"{path} {_why_not(path)}")


def _is_there(path: Path) -> bool:
    """Whether something has this name, be it a broken link; so it is where nothing can tell."""
    try:
        path.lstat()
    except (FileNotFoundError, NotADirectoryError):
        return False
    except (OSError, ValueError):
        return True
    return True


def _why_not(path: Path) -> str:
    """Say why a file is no data set, and what to give instead."""
    if is_picture(path.name):
        return f"is one picture; give the folder that it lies in: {path.parent}"
    if is_table(path.name):
        return "is a table; give the folder of its images, and this file by --labels"
    kind = file_kind(path.name)
    if kind == "video":
        return (
            "is a video; take its pictures out with `mkdir frames; ffmpeg -i FILE "
            "frames/frame-%06d.png` and give the folder frames"
        )
    if kind in ("packed", "raw", "drawing"):
        return f"cannot be read itself; {UNUSED[kind][1].replace('use them', 'use it')}"
    if path.suffix.lower() in PICKLES:
        return (
            "may hold Python objects, which are never unpickled because they can run code; save "
            "the images as a folder of files or as an npz of arrays"
        )
    return (
        "is neither a folder nor a zip or tar of images, nor a file of arrays (.npz, .h5, .hdf5); "
        "give one of these"
    )


def _entry_name(scan: Scan, options: LoadOptions) -> str:
    """Name the entry in the cache; images in memory are known by their content alone."""
    content = scan.in_memory
    if content is None:
        return cache_key(*scan.key)
    labels, _ = _labels(content, options.split)
    values = labels.attributes.astype(np.float64).tobytes() + labels.factors.tobytes()
    return cache_key(
        *scan.key,
        _fingerprint(scan, content, labels.split),
        list(labels.attribute_names),
        list(labels.factor_names),
        hashlib.blake2b(values).hexdigest(),
    )


def _write(scan: Scan, options: LoadOptions, pixels: Path) -> tuple[Labels, dict[str, Any]]:
    """Have the source write its pixels; give what is known of each image and of all."""
    written = scan.write(pixels)
    labels, notes = _labels(written, options.split)
    return labels, _info(scan, options, written, labels.split, notes)


def _labels(written: Written, split: str) -> tuple[Labels, tuple[str, ...]]:
    """Split the images, and fill in what is not known of them; and what there is to say of it."""
    num = len(written.names)
    attributes, factors, groups = written.attributes, written.factors, written.groups
    positions, notes = _split(written, split)
    labels = Labels(
        split=positions,
        attributes=np.empty((num, 0), np.int8) if attributes is None else attributes,
        attribute_names=written.attribute_names,
        factors=np.empty((num, 0)) if factors is None else factors,
        factor_names=written.factor_names,
        groups=np.full(num, -1, np.int32) if groups is None else groups,
        group_names=written.group_names,
    )
    return labels, notes


def _split(written: Written, split: str) -> tuple[NDArray[np.int8], tuple[str, ...]]:
    """Keep the given splits, or deal the images by a hash of their files' names."""
    shares = parse_split(split)
    files = written.names if written.files is None else written.files
    if shares is None and written.split is not None:
        return fill_split(written.split, files, written.digests)
    return split_by_hash(files, written.digests, shares or SHARES), ()


def _split_by(written: Written, split: str) -> str:
    """Say where the splits come from."""
    if split == "auto":
        return "name" if written.split is None else written.split_by
    return "name" if split == "hash" else f"name, {split}"


def _info(
    scan: Scan,
    options: LoadOptions,
    written: Written,
    split: NDArray[np.int8],
    notes: tuple[str, ...],
) -> dict[str, Any]:
    """What `info.json` says of a data set, in the order in which it stands there."""
    num, num_found = len(written.names), written.num_found
    files = written.names if written.files is None else written.files
    return {
        "source": scan.source,
        "kind": written.kind,
        "shape": [num, *written.image_shape],
        "names": list(written.names),
        "preparation": scan.preparation.as_dict(),
        "fingerprint": _fingerprint(scan, written, split),
        "options": options.as_dict(),
        "repeatable": scan.repeatable,
        "split_by": _split_by(written, options.split),
        "factor_levels": dict(written.factor_levels),
        "num_found": num if num_found is None else num_found,
        "num_duplicates": len(set(files)) - len(set(written.digests)),
        "unreadable": dict(written.unreadable),
        "passing": list(written.passing),
        "notes": [*written.notes, *notes, *_seen(written)],
    }


def _seen(written: Written) -> list[str]:
    """Say which channels are shown, where these are not all of them."""
    num_channels = written.image_shape[0]
    return [WHAT_IS_SEEN[num_channels]] if num_channels in WHAT_IS_SEEN else []


def _fingerprint(scan: Scan, written: Written, split: NDArray[np.int8]) -> str:
    """Digest the pictures' content, their preparation and their splits."""
    prepared = repr((scan.preparation.as_dict(), written.image_shape)).encode()
    parts = [*written.digests, prepared, split.tobytes()]
    return hashlib.blake2b(b"".join(parts), digest_size=16).hexdigest()
