"""What a user points at -> ImageSet."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Literal

import numpy as np

from unknot.data import archives
from unknot.data.arrays import load_arrays
from unknot.data.cache import cache_key
from unknot.data.celeba import find_celeba, list_celeba
from unknot.data.decode import (
    Progress,
    are_grey,
    decode_all,
    drop_rows,
)
from unknot.data.drawn import DRAWINGS, load_drawn
from unknot.data.folder import FileList, group_by_folder, list_folder, list_zip
from unknot.data.image_set import ImageSet, Labels, make_info, make_labels, prepare
from unknot.data.preparation import Preparation
from unknot.data.splits import split_by_hash
from unknot.errors import UserError

MAX_UNREADABLE = 0.1
Group = Literal["none", "folder"]


def load_images(
    source: Any,
    *,
    size: int = 64,
    crop: str | int = "auto",
    color: Literal["auto", "rgb", "grey"] = "auto",
    group: Group = "none",
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
        crop: `"auto"` (148 of CelebA's 178x218, otherwise the largest centred square), `"none"`
            (squeeze), or the side of a centred square in pixels.
        color: `"rgb"`, `"grey"`, or `"auto"`: grey if the images are.
        group: `"folder"` takes the first level of sub-folders as groups and as labels.
        num: how many built-in images to draw (20,000 faces, 50,000 sprites).
        seed: of the built-in images.
        attributes: for arrays and Pillow images: name -> binary labels (1, 0, -1 if missing).
        factors: for arrays and Pillow images: name -> values of a known cause.
        workers: threads that decode; one per core by default.
        progress: called as `progress(what, done, total)`.

    Raises:
        UserError: if the source cannot be used; the message says what to do.
    """
    preparation = Preparation(size=size, crop=str(crop), color=color)
    if not isinstance(source, str | Path):
        return load_arrays(source, preparation, attributes or {}, factors or {}, progress)
    if attributes or factors:
        raise UserError("attributes and factors go with arrays or Pillow images, not with a path")
    if str(source) in SOURCES:
        return SOURCES[str(source)](num, seed, preparation, workers, progress)
    if num is not None:
        raise UserError("num goes with built-in data; a path is read whole")
    path = Path(source).expanduser()
    if path.suffix.lower() in archives.SUFFIXES and path.is_file():
        if group != "none":
            raise UserError(f"group is {group!r}, which goes with folders; {path} is one file")
        return archives.load_archive(path, preparation, progress)
    kind, files = _recognise(path)
    if group == "folder":
        files = group_by_folder(files)
    return _load_files(path, kind, files, preparation, group, workers, progress)


def _recognise(path: Path) -> tuple[str, FileList]:
    """What a path is, and the pictures in it."""
    if not path.exists():
        raise UserError(
            f"{path} does not exist; give a folder, zip, npz or h5 of images, "
            f"or {' or '.join(SOURCES)}"
        )
    celeba = find_celeba(path)
    if celeba:
        return "CelebA", list_celeba(*celeba)
    if path.is_dir():
        return "folder", list_folder(path)
    if path.suffix.lower() == ".zip":
        return "zip", list_zip(path)
    raise UserError(
        f"{path} is neither a folder nor a zip of images, nor a file that ends in "
        f"{', '.join(archives.SUFFIXES)}; give one of these"
    )


def _load_files(
    path: Path,
    kind: str,
    files: FileList,
    preparation: Preparation,
    group: str,
    workers: int | None,
    progress: Progress | None,
) -> ImageSet:
    total, place = len(files.names), str(path.resolve())

    def write(pixels: Path) -> tuple[Labels, dict[str, Any]]:
        labelled = files.add_labels(files) if files.add_labels else files
        grey = preparation.color == "grey" or (
            preparation.color == "auto" and are_grey(files.read, total)
        )
        shape = (1 if grey else 3, preparation.size, preparation.size)
        digests, unreadable = decode_all(
            files.read, total, preparation, shape[0], pixels, workers=workers, progress=progress
        )
        _check_unreadable(path, files.names, unreadable)
        if unreadable:
            drop_rows(pixels, int(np.prod(shape)), total, set(unreadable))
        kept = np.array([i for i in range(total) if i not in unreadable])
        names = [files.names[i] for i in kept]
        digests = [digests[i] for i in kept]
        official = labelled.split
        split = split_by_hash(names, digests) if official is None else official[kept]
        no_groups = np.full(total, -1, np.int32)
        labels = make_labels(
            split,
            attributes=None if labelled.attributes is None else labelled.attributes[kept],
            attribute_names=labelled.attribute_names,
            groups=(no_groups if labelled.groups is None else labelled.groups)[kept],
            group_names=labelled.group_names,
        )
        return labels, {
            **make_info(place, kind, names, shape, preparation, digests, split),
            "group": group,
            "split_by": "name" if official is None else "official",
            "num_found": total,
            "unreadable": {files.names[i]: unreadable[i] for i in sorted(unreadable)},
            "notes": list(labelled.notes),
        }

    found = (files.names, files.stamps, files.label_stamps)
    key = cache_key(place, preparation.as_dict(), group, *found)
    return prepare(key, total * 3 * preparation.size**2, write)


def _check_unreadable(path: Path, names: Sequence[str], unreadable: dict[int, str]) -> None:
    if not unreadable:
        return
    first = min(unreadable)
    example = f"{names[first]}: {unreadable[first]}"
    if len(unreadable) == len(names):
        raise UserError(f"none of the {len(names):,} images in {path} can be read ({example})")
    if len(unreadable) > max(1, MAX_UNREADABLE * len(names)):
        raise UserError(
            f"{len(unreadable):,} of {len(names):,} images in {path} cannot be read ({example}); "
            "more than 1 in 10 is taken for a mistake: repair or remove them"
        )


SOURCES: dict[str, Callable[..., ImageSet]] = {
    drawing.name: partial(load_drawn, drawing) for drawing in DRAWINGS
}
"""Built-in data, by name."""
