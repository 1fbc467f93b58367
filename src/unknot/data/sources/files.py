"""Folders, zips and tars of pictures: what is in them, and their decoded pixels with all labels."""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.data.cache import check_space
from unknot.data.decode import decode_all
from unknot.data.folder_walk import (
    FolderContents,
    FoundFile,
    file_kind,
    unused_line,
    walk_folder,
)
from unknot.data.image_files import ENDINGS, ImageFiles
from unknot.data.layout import photographs
from unknot.data.picture_labels import (
    PictureLabels,
    TableFile,
    given_key,
    label_pictures,
    tables_beside,
    tables_in,
)
from unknot.data.pixels import UnreadableImage
from unknot.data.sources import LoadOptions, Scan, Written, as_path
from unknot.data.sources.packed import list_tars, list_zips

MAX_NAMED = 5
MAX_UNREADABLE = 0.1  # the share of pictures that may be damaged

Lister = Callable[[], ImageFiles]


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
        for kind, listed in (("zip", list_zips), ("tar", list_tars)):
            if packed := contents.containers.get(kind):
                return _scan_packed(kind, path, packed, listed, contents, options)
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


def scan_files(
    kind: str,
    path: Path,
    listed: Lister,
    options: LoadOptions,
    stamps: Sequence[Any],
    *,
    tables: Sequence[TableFile] | None = None,
    notes: tuple[str, ...] = (),
    repeatable: bool = True,
) -> Scan:
    """Say what is known of pictures before they are read.

    Args:
        kind: what the source is, for people.
        path: as the user gave it.
        listed: gives the list of pictures; called only when they are not in the cache.
        options: as the user gave them.
        stamps: of the pictures, or of the files that hold them: all that a change would change.
        tables: that may hold labels; by default those beside the path with a usual name.
        notes: what was found and is not used.
        repeatable: whether the path alone gives the same pictures.

    Raises:
        UserError: if a table of labels is given and is not there.
    """
    place, preparation = str(path.resolve()), options.preparation
    if tables is None:
        tables = tables_beside(path, None)
    key = (
        place,
        preparation.as_dict(),
        [options.frames, options.group, options.split, *options.label_columns],
        given_key(options.labels),
        stamps,
        [(table.name, *table.stamp) for table in tables],
    )
    return Scan(
        source=place,
        key=key,
        preparation=preparation,
        num_bytes=0,  # checked when they have been counted
        write=partial(_write_files, kind, path, listed, tables, options),
        notes=notes,
        repeatable=repeatable and isinstance(options.labels, str | Path | None),
    )


def list_folder(path: Path, contents: FolderContents) -> ImageFiles:
    """Give the pictures below a folder, but for masks of others."""
    photos, num_masks = photographs([file.name for file in contents.pictures])
    pictures = [contents.pictures[i] for i in photos]
    names = [file.name for file in pictures]

    def read(index: int) -> bytes:
        try:
            with open(path / names[index], "rb", buffering=0) as file:  # fewer calls a file
                return file.read()
        except OSError as error:
            raise UnreadableImage(error.strerror or str(error), is_passing=True) from None

    return ImageFiles(
        names=names,
        read=read,
        stamps=[(file.size, file.mtime_ns) for file in pictures],
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
        TableFile(file.name, (file.size, file.mtime_ns), (path / file.name).read_bytes)
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


def _write_files(
    kind: str,
    path: Path,
    listed: Lister,
    tables: Sequence[TableFile],
    options: LoadOptions,
    pixels: Path,
) -> Written:
    """Decode every picture, read the labels, and leave out what cannot be read."""
    files, preparation = listed(), options.preparation
    check_space(len(files.names) * 3 * preparation.size**2)
    labels = label_pictures(
        files,
        tables,
        given=options.labels,
        columns=options.label_columns,
        group=options.group,
        keep_splits=options.split == "auto",
    )
    decoded = decode_all(
        files.read,
        len(files.names),
        preparation,
        pixels,
        frames=options.frames,
        workers=options.workers,
        progress=options.progress,
    )
    _check_unreadable(path, files.names, decoded.unreadable)
    rows = np.array(decoded.rows)  # of which picture each image is
    known = _take(labels, rows)
    names = [files.names[row] for row in rows]
    return Written(
        kind="CelebA" if labels.is_celeba else kind,
        image_shape=decoded.image_shape,
        names=_frame_names(names) if options.frames == "all" else names,
        files=names,
        digests=decoded.digests,
        attributes=known.attributes,
        attribute_names=known.attribute_names,
        factors=known.factors,
        factor_names=known.factor_names,
        factor_levels=known.factor_levels,
        groups=known.groups,
        group_names=known.group_names,
        split=known.split,
        split_by=known.split_by,
        num_found=len(files.names),
        unreadable={files.names[i]: decoded.unreadable[i] for i in sorted(decoded.unreadable)},
        passing=[files.names[i] for i in sorted(decoded.passing)],
        notes=(*files.notes, *known.notes, *decoded.notes),
    )


def _take(labels: PictureLabels, rows: NDArray[np.int64]) -> PictureLabels:
    """Give each image the labels of the picture that it is of."""
    return replace(
        labels,
        attributes=labels.attributes[rows],
        factors=None if labels.factors is None else labels.factors[rows],
        groups=None if labels.groups is None else labels.groups[rows],
        split=None if labels.split is None else labels.split[rows],
    )


def _frame_names(names: list[str]) -> list[str]:
    """Number the frames of files that hold several, from 1."""
    total, count = Counter(names), Counter[str]()
    framed = []
    for name in names:
        count[name] += 1
        framed.append(f"{name}#{count[name]}" if total[name] > 1 else name)
    return framed


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


def _mask_notes(num: int) -> tuple[str, ...]:
    hint = "masks are no photographs; give their own folder to use them"
    return (unused_line("mask of a photograph", hint, num),) if num else ()


def _nothing_in(path: Path, contents: FolderContents) -> str:
    """Say that a folder holds no picture, and what it holds instead."""
    found = "; ".join(contents.notes(used=""))
    return (
        f"no image in {path} or its sub-folders; files are recognized by their ending: {ENDINGS}"
        + (f" (found: {found})" if found else "")
    )


def _stamp(path: Path) -> tuple[int, int]:
    stat = path.stat()
    return stat.st_size, stat.st_mtime_ns
