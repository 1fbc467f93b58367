"""Folders, zips and tars of pictures."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from unknot.common.errors import UserError
from unknot.data.folder_walk import (
    FolderContents,
    FoundFile,
    file_kind,
    unused_line,
    walk_folder,
)
from unknot.data.given_path import table_reader
from unknot.data.image_files import ENDINGS, ImageFiles
from unknot.data.layout import photographs
from unknot.data.raster.picture_files import UnreadableImage
from unknot.data.sources import LoadOptions, Scan, as_path
from unknot.data.sources.benchmark_files import find_benchmark, scan_benchmark
from unknot.data.sources.encoded import scan_files
from unknot.data.sources.packed import MAX_FILE_BYTES, list_tars, list_zips
from unknot.data.sources.parquet import scan_parquets
from unknot.data.table_choice import TableFile, tables_beside, tables_in

MAX_NAMED = 5


class FolderSource:
    """A folder of images, nested folders too; or of zips or tars of images."""

    def matches(self, given: Any) -> bool:
        """Say whether it is a folder."""
        path = as_path(given)
        return path is not None and path.is_dir()

    def scan(self, given: Any, options: LoadOptions) -> Scan:
        """List what is below it; see `Source.scan`."""
        path = Path(given).expanduser()
        contents = walk_folder(path)
        if contents.pictures:
            return _scan_folder(path, contents, options)
        names = contents.names_of_files()
        reader = find_benchmark(path, names)
        if reader is not None:
            stamps = [(file.name, file.size, file.mtime_ns) for file in contents.files()]
            return scan_benchmark(path, names, reader, stamps, options)
        for kind, listed in (("zip", list_zips), ("tar", list_tars)):
            if packed := contents.containers.get(kind):
                return _scan_packed(kind, path, packed, listed, contents, options)
        parquets = [f.name for f in contents.tables if f.name.lower().endswith(".parquet")]
        if parquets:
            files = [path / name for name in parquets]
            return scan_parquets(path, files, options, contents.notes())
        raise UserError(_nothing_in(path, contents))


class ZipSource:
    """A zip of images; nothing in it is extracted to disk."""

    def matches(self, given: Any) -> bool:
        """Say whether it is a file whose name ends in `.zip`."""
        path = as_path(given)
        return path is not None and path.suffix.lower() == ".zip" and path.is_file()

    def scan(self, given: Any, options: LoadOptions) -> Scan:
        """Look at its size and time; see `Source.scan`."""
        path = Path(given).expanduser()
        return scan_files("zip", path, partial(list_zips, [path]), options, [_stamp(path)])


class TarSource:
    """A tar of images, packed or not, such as a shard of WebDataset; nothing is extracted."""

    def matches(self, given: Any) -> bool:
        """Say whether it is a file whose name ends like a tar's."""
        path = as_path(given)
        return path is not None and file_kind(path.name) == "tar" and path.is_file()

    def scan(self, given: Any, options: LoadOptions) -> Scan:
        """Look at its size and time; see `Source.scan`."""
        path = Path(given).expanduser()
        return scan_files("tar", path, partial(list_tars, [path]), options, [_stamp(path)])


FOLDER, ZIP, TAR = FolderSource(), ZipSource(), TarSource()


def list_folder(path: Path, contents: FolderContents) -> ImageFiles:
    """Give the pictures below a folder, but for masks of others."""
    photos, num_masks = photographs([file.name for file in contents.pictures])
    pictures = [contents.pictures[i] for i in photos]
    names = [file.name for file in pictures]

    def read(index: int) -> bytes:
        if pictures[index].size > MAX_FILE_BYTES:
            raise UnreadableImage(f"has {pictures[index].size:,} bytes")
        try:
            with open(path / names[index], "rb", buffering=0) as file:  # fewer calls a file
                return file.read()
        except OSError as error:
            raise UnreadableImage(error.strerror or str(error), is_passing=True) from None

    return ImageFiles(
        names=names,
        read=read,
        stamps=[(file.size, file.mtime_ns) for file in pictures],
        folders=(path.resolve().name, path.resolve().parent.name),
        notes=_mask_notes(num_masks),
    )


def _scan_folder(path: Path, contents: FolderContents, options: LoadOptions) -> Scan:
    """Say what is known of pictures that lie in a folder themselves."""
    files = list_folder(path, contents)
    inside, table_notes = tables_in(path, contents)
    tables = [*inside, *tables_beside(path, files.names)]
    return scan_files(
        "folder",
        path,
        lambda: files,
        options,
        (files.names, files.stamps),
        tables=tables,
        notes=(*contents.notes(), *table_notes),
    )


def _scan_packed(
    kind: str,
    path: Path,
    packed: Sequence[FoundFile],
    listed: Callable[[Sequence[Path]], ImageFiles],
    contents: FolderContents,
    options: LoadOptions,
) -> Scan:
    """Say what is known of a folder of zips or tars, all of which are read."""
    paths = [path / file.name for file in packed]
    inside = [
        TableFile(file.name, (file.size, file.mtime_ns), table_reader(path / file.name))
        for file in contents.tables
    ]
    names = ", ".join(file.name for file in packed[:MAX_NAMED])
    more = f" and {len(packed) - MAX_NAMED:,} more" if len(packed) > MAX_NAMED else ""
    return scan_files(
        kind if len(packed) == 1 else f"{len(packed)} {kind}s",
        path,
        partial(listed, paths),
        options,
        packed,
        tables=[*inside, *tables_beside(path, None)],
        notes=(f"images are read from {names}{more}", *contents.notes(used=kind)),
    )


def _mask_notes(num: int) -> tuple[str, ...]:
    hint = "masks are no photographs; give their own folder to use them"
    return (unused_line("mask of a photograph", hint, num),) if num else ()


def _nothing_in(path: Path, contents: FolderContents) -> str:
    """Say that a folder holds no picture, and what it holds instead."""
    contained = "; ".join(contents.notes(used=""))
    return (
        f"no image in {path} or its sub-folders; files are recognized by their ending: {ENDINGS}"
        + (f" (found: {contained})" if contained else "")
    )


def _stamp(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns
