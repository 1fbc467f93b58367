"""What a user points at -> ImageSet: the first source that knows it, then the cache.

The sources write pixels; the names of the cache's entries, the splits and the fingerprints are made
here, for all of them alike.
"""

import hashlib
from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.common.progress import Progress
from unknot.data.cache import cache_key
from unknot.data.image_set import ImageSet, Labels, prepare
from unknot.data.preparation import Preparation
from unknot.data.sources import (
    BUILT_IN,
    LoadOptions,
    Scan,
    Source,
    Written,
    as_path,
    find_source,
)
from unknot.data.splits import split_by_hash

Group = Literal["none", "folder", "classes", "people"]


def load_images(
    source: Any,
    *,
    size: int = 64,
    crop: str | int = "auto",
    color: Literal["auto", "rgb", "grey"] = "auto",
    frames: Literal["first", "all"] = "first",
    labels: Any = None,
    label_columns: Sequence[str] = (),
    group: Group = "none",
    split: str = "auto",
    images_key: str = "",
    factors_key: str = "",
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
            `(num, channel, height, width)`, `(num, height, width, channel)` or
            `(num, height, width)` (uint8, or floating point in [0, 1]), or a sequence of Pillow
            images.
        size: height and width of the prepared images: 32, 64 or 128.
        crop: `"auto"` (148 of CelebA's 178x218, otherwise the largest centered square), `"none"`
            (squeeze), or the side of a centered square in pixels.
        color: `"rgb"`, `"grey"`, or `"auto"`: grey if the images are.
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
        num=num,
        seed=seed,
        attributes=attributes or {},
        factors=factors or {},
        workers=workers,
        progress=progress,
    )
    _check_options(source, options)
    scan = _choose(source).scan(source, options)
    return prepare(_entry_name(scan), scan.num_bytes, partial(_write, scan))


def _check_options(given: Any, options: LoadOptions) -> None:
    """Refuse options that go with another kind of source."""
    if as_path(given) is None:
        return
    if options.attributes or options.factors:
        raise UserError("attributes and factors go with arrays or Pillow images, not with a path")
    if options.num is not None and str(given) not in BUILT_IN:
        raise UserError("num goes with built-in data; a path is read whole")


def _choose(given: Any) -> Source:
    """Find the source of what was given, or say why there is none."""
    source = find_source(given)
    if source is not None:
        return source
    path = Path(given).expanduser()
    if not path.exists():
        raise UserError(
            f"{path} does not exist; give a folder, zip, npz or h5 of images, "
            f"or {' or '.join(BUILT_IN)}"
        )
    raise UserError(
        f"{path} is neither a folder nor a zip of images, nor a file that ends in "
        ".npz, .h5, .hdf5; give one of these"
    )


def _entry_name(scan: Scan) -> str:
    """Name the entry in the cache; images in memory are known by their content alone."""
    content = scan.in_memory
    if content is None:
        return cache_key(*scan.key)
    labels = _labels(content)
    values = labels.attributes.astype(np.float64).tobytes() + labels.factors.tobytes()
    return cache_key(
        *scan.key,
        _fingerprint(scan, content, labels.split),
        list(labels.attribute_names),
        list(labels.factor_names),
        hashlib.blake2b(values).hexdigest(),
    )


def _write(scan: Scan, pixels: Path) -> tuple[Labels, dict[str, Any]]:
    """Have the source write its pixels; give what is known of each image and of all."""
    written = scan.write(pixels)
    labels = _labels(written)
    return labels, _info(scan, written, labels.split)


def _labels(written: Written) -> Labels:
    """Split the images, and fill in what is not known of them."""
    num = len(written.names)
    split, attributes, factors = written.split, written.attributes, written.factors
    groups = written.groups
    return Labels(
        split=split_by_hash(written.names, written.digests) if split is None else split,
        attributes=np.empty((num, 0), np.int8) if attributes is None else attributes,
        attribute_names=written.attribute_names,
        factors=np.empty((num, 0)) if factors is None else factors,
        factor_names=written.factor_names,
        groups=np.full(num, -1, np.int32) if groups is None else groups,
        group_names=written.group_names,
    )


def _info(scan: Scan, written: Written, split: NDArray[np.int8]) -> dict[str, Any]:
    """What `info.json` says of a data set, in the order in which it stands there."""
    num, num_found = len(written.names), written.num_found
    return {
        "source": scan.source,
        "kind": written.kind,
        "shape": [num, *written.image_shape],
        "names": list(written.names),
        "preparation": scan.preparation.as_dict(),
        "fingerprint": _fingerprint(scan, written, split),
        "group": scan.group,
        "repeatable": scan.repeatable,
        "split_by": "name" if written.split is None else "official",
        "num_found": num if num_found is None else num_found,
        "num_duplicates": num - len(set(written.digests)),
        "unreadable": dict(written.unreadable),
        "notes": list(written.notes),
    }


def _fingerprint(scan: Scan, written: Written, split: NDArray[np.int8]) -> str:
    """Digest the pictures' content, their preparation and their splits."""
    prepared = repr((scan.preparation.as_dict(), written.image_shape)).encode()
    parts = [*written.digests, prepared, split.tobytes()]
    return hashlib.blake2b(b"".join(parts), digest_size=16).hexdigest()
