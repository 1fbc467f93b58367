"""Folders and zips of images: what is in them, the bytes of each, and their decoded pixels."""

import lzma
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import partial
from math import prod
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.data.decode import UnreadableImage, are_grey, decode_all, drop_rows
from unknot.data.sources import LoadOptions, Scan, Written, as_path

ENDINGS = ".avif .bmp .gif .jfif .jpeg .jpg .jp2 .pbm .pgm .png .ppm .tga .tif .tiff .webp"
SUFFIXES = tuple(ENDINGS.split())
TOP_FOLDER = "(top folder)"  # the label of pictures that lie in no sub-folder
MAX_FILE_BYTES = 512 * 2**20
MAX_UNREADABLE = 0.1  # the share of pictures that may be damaged
MAX_LABELS = 64  # groups that are taken as labels too
DAMAGED = (
    zipfile.BadZipFile,
    zlib.error,
    lzma.LZMAError,
    EOFError,
    OSError,
    RuntimeError,  # encrypted
    NotImplementedError,  # an unknown compression
)
"""What reading a zip raises where it is damaged or cannot be unpacked."""


@dataclass(frozen=True)
class ImageFiles:
    """Encoded pictures that have been listed but not read.

    Attributes:
        names: relative paths with forward slashes, sorted.
        stamps: for each, its size in bytes and a number that changes when it is rewritten.
        read: the bytes of picture number i.
        attributes: binary labels, shape `(num, num_attributes)`: 1, 0, or -1 if missing.
        attribute_names: one per column.
        split: positions in `SPLITS`, or None where no official split is known.
        groups: the group of each picture (one person's photographs, say), or None.
        group_names: the name of each group.
        notes: what the user should know, one line each.
        label_stamps: size and time of each label file.
        add_labels: reads the label files; called only when the set is prepared, not when it is
            found in the cache.
    """

    names: list[str]
    stamps: list[tuple[int, int]]
    read: Callable[[int], bytes]
    attributes: NDArray[np.int8] | None = None
    attribute_names: tuple[str, ...] = ()
    split: NDArray[np.int8] | None = None
    groups: NDArray[np.int32] | None = None
    group_names: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    label_stamps: tuple[tuple[int, int], ...] = ()
    add_labels: Callable[["ImageFiles"], "ImageFiles"] | None = None


class FolderSource:
    """A folder of images, nested folders too."""

    def matches(self, given: Any) -> bool:
        """Say whether it is a folder."""
        path = as_path(given)
        return path is not None and path.is_dir()

    def scan(self, given: Any, options: LoadOptions) -> Scan:
        """List the pictures; see `Source.scan`."""
        path = Path(given).expanduser()
        return scan_files("folder", path, list_folder(path), options)


class ZipSource:
    """A zip of images; nothing in it is extracted to disk."""

    def matches(self, given: Any) -> bool:
        """Say whether it is a file whose name ends in `.zip`."""
        path = as_path(given)
        return path is not None and path.suffix.lower() == ".zip" and path.is_file()

    def scan(self, given: Any, options: LoadOptions) -> Scan:
        """List the pictures; see `Source.scan`."""
        path = Path(given).expanduser()
        return scan_files("zip", path, list_zip(path), options)


FOLDER, ZIP = FolderSource(), ZipSource()


def scan_files(kind: str, path: Path, files: ImageFiles, options: LoadOptions) -> Scan:
    """Say what is known of pictures that have been listed.

    Args:
        kind: what the source is, for people.
        path: as the user gave it.
        files: the pictures.
        options: as the user gave them.

    Raises:
        UserError: if they are to be grouped and lie in one folder.
    """
    if options.group == "folder":
        files = group_by_folder(files)
    place, preparation = str(path.resolve()), options.preparation
    listed = (files.names, files.stamps, files.label_stamps)
    return Scan(
        source=place,
        key=(place, preparation.as_dict(), options.group, *listed),
        preparation=preparation,
        num_bytes=len(files.names) * 3 * preparation.size**2,
        write=partial(_write_files, kind, path, files, options),
        group=options.group,
    )


def _write_files(
    kind: str, path: Path, files: ImageFiles, options: LoadOptions, pixels: Path
) -> Written:
    """Decode every picture, read the labels, and leave out what cannot be read."""
    if files.add_labels:
        files = files.add_labels(files)
    num, preparation = len(files.names), options.preparation
    grey = preparation.color == "grey" or (
        preparation.color == "auto" and are_grey(files.read, num)
    )
    image_shape = (1 if grey else 3, preparation.size, preparation.size)
    digests, unreadable = decode_all(
        files.read,
        num,
        preparation,
        image_shape[0],
        pixels,
        workers=options.workers,
        progress=options.progress,
    )
    _check_unreadable(path, files.names, unreadable)
    if unreadable:
        drop_rows(pixels, prod(image_shape), num, set(unreadable))
    readable = np.array([i for i in range(num) if i not in unreadable])
    return Written(
        kind=kind,
        image_shape=image_shape,
        names=[files.names[i] for i in readable],
        digests=[digests[i] for i in readable],
        attributes=None if files.attributes is None else files.attributes[readable],
        attribute_names=files.attribute_names,
        groups=None if files.groups is None else files.groups[readable],
        group_names=files.group_names,
        split=None if files.split is None else files.split[readable],
        num_found=num,
        unreadable={files.names[i]: unreadable[i] for i in sorted(unreadable)},
        notes=files.notes,
    )


def _check_unreadable(path: Path, names: list[str], unreadable: Mapping[int, str]) -> None:
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


def list_folder(path: Path) -> ImageFiles:
    """Find every picture below a folder, by its suffix; hidden files and folders are left out.

    Raises:
        UserError: if there is none.
    """
    pictures = sorted(_walk(path, ""))
    if not pictures:
        raise UserError(
            f"no image in {path} or its sub-folders; files are recognized by their ending: "
            f"{ENDINGS}"
        )
    names = [name for name, _, _ in pictures]

    def read(index: int) -> bytes:
        try:
            with open(path / names[index], "rb", buffering=0) as file:  # fewer calls a file
                return file.read()
        except OSError as error:
            raise UnreadableImage(error.strerror or str(error)) from None

    stamps = [(size, mtime) for _, size, mtime in pictures]
    return ImageFiles(names=names, stamps=stamps, read=read)


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, int, int]]:
    """Pictures below a folder as (relative name, size, modification time)."""
    try:
        entries = list(os.scandir(folder))
    except OSError as error:
        raise UserError(f"cannot read the folder {folder}: {error.strerror}") from None
    for entry in entries:
        if _is_hidden(entry.name):
            continue
        if entry.is_dir(follow_symlinks=False):
            yield from _walk(Path(entry.path), f"{prefix}{entry.name}/")
        elif _is_picture(entry.name) and entry.is_file():
            stat = entry.stat()
            yield prefix + entry.name, stat.st_size, stat.st_mtime_ns


def list_zip(path: Path) -> ImageFiles:
    """Find every picture in a zip. Nothing is ever extracted to disk.

    Raises:
        UserError: if it is not a zip, holds no picture, or names a place outside itself.
    """
    try:
        archive = zipfile.ZipFile(path)
    except (zipfile.BadZipFile, NotImplementedError) as error:
        raise UserError(
            f"{path} is not a zip that can be read: {error}; download it again"
        ) from None
    members = []
    for member in archive.infolist():
        parts = PurePosixPath(member.filename.replace("\\", "/")).parts
        if ".." in parts or member.filename.startswith(("/", "\\")):
            raise UserError(
                f"{path}: the entry {member.filename!r} points outside the zip; "
                "such a file is not to be trusted: make the zip again from the images"
            )
        if member.is_dir() or any(map(_is_hidden, parts)) or not _is_picture(member.filename):
            continue
        members.append(member)
    if not members:
        raise UserError(f"no image in {path}; unpack it if it holds another archive")
    members.sort(key=lambda member: member.filename)

    def read(index: int) -> bytes:
        member = members[index]
        if member.file_size > MAX_FILE_BYTES:
            raise UnreadableImage(f"{member.file_size:,} bytes when unpacked")
        try:
            return archive.read(member)
        except DAMAGED as error:
            raise UnreadableImage(f"damaged in the zip: {error}") from None

    return ImageFiles(
        names=[member.filename for member in members],
        stamps=[(member.file_size, member.CRC) for member in members],
        read=read,
    )


def group_by_folder(files: ImageFiles, max_labels: int = MAX_LABELS) -> ImageFiles:
    """Take the first sub-folder of each picture as its group and, where few, as labels too.

    Returns:
        The list with `groups`, and with a binary attribute per group if there are at most
        `max_labels`.

    Raises:
        UserError: if all pictures lie in one folder.
    """
    tops = [name.split("/")[0] if "/" in name else "" for name in files.names]
    group_names = tuple(sorted(set(tops)))
    if len(group_names) < 2:
        raise UserError("group is 'folder', but the images do not lie in two or more sub-folders")
    number = {name: i for i, name in enumerate(group_names)}
    groups = np.array([number[top] for top in tops], np.int32)
    grouped = replace(files, groups=groups, group_names=group_names)
    if files.add_labels or len(group_names) > max_labels:
        return grouped
    return replace(
        grouped,
        attributes=(groups[:, None] == np.arange(len(group_names))).astype(np.int8),
        attribute_names=tuple(name or TOP_FOLDER for name in group_names),
    )


def _is_hidden(name: str) -> bool:
    return name.startswith(".") or name == "__MACOSX"


def _is_picture(name: str) -> bool:
    return name.lower().endswith(SUFFIXES)
