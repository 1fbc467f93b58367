"""Folders and zips of images: what is in them, and the bytes of each."""

import lzma
import os
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from unknot.data.decode import UnreadableError
from unknot.errors import UserError

SUFFIXES = (
    *(".avif", ".bmp", ".gif", ".jfif", ".jpeg", ".jpg", ".jp2", ".pbm"),
    *(".pgm", ".png", ".ppm", ".tga", ".tif", ".tiff", ".webp"),
)
TOP_FOLDER = "(top folder)"  # the label of pictures that lie in no sub-folder
MAX_FILE_BYTES = 512 * 2**20
DAMAGED = (
    *(zipfile.BadZipFile, zlib.error, lzma.LZMAError, EOFError),
    *(OSError, RuntimeError, NotImplementedError),  # encrypted; an unknown compression
)


@dataclass(frozen=True)
class FileList:
    """Encoded pictures that have been found but not read.

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
    add_labels: Callable[["FileList"], "FileList"] | None = None


def list_folder(path: Path) -> FileList:
    """Find every picture below a folder, by its suffix; hidden files and folders are left out.

    Raises:
        UserError: if there is none.
    """
    found = sorted(_walk(path, ""))
    if not found:
        raise UserError(
            f"no image in {path} or its sub-folders; files are recognised by their ending: "
            f"{' '.join(SUFFIXES)}"
        )
    names = [name for name, _, _ in found]

    def read(index: int) -> bytes:
        try:
            with open(path / names[index], "rb", buffering=0) as file:  # fewer calls a file
                return file.read()
        except OSError as error:
            raise UnreadableError(error.strerror or str(error)) from None

    return FileList(names, [(size, mtime) for _, size, mtime in found], read)


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


def list_zip(path: Path) -> FileList:
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
            raise UnreadableError(f"{member.file_size:,} bytes when unpacked")
        try:
            return archive.read(member)
        except DAMAGED as error:
            raise UnreadableError(f"damaged in the zip: {error}") from None

    return FileList(
        [member.filename for member in members],
        [(member.file_size, member.CRC) for member in members],
        read,
    )


def group_by_folder(files: FileList, max_labels: int = 64) -> FileList:
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
