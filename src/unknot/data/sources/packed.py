"""Zips and tars of pictures, one or several: what is in them, and the bytes of each.

Nothing is ever extracted to disk but a packed tar, whole, into a file without a name.
"""

import gzip
import json
import os
import tempfile
import zipfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from importlib.util import find_spec
from itertools import pairwise
from pathlib import Path
from typing import IO, Any, NamedTuple

from unknot.common.errors import UserError
from unknot.data.cache import cache_folder, check_space
from unknot.data.folder_walk import SYSTEM_NAMES, unused_line
from unknot.data.given_path import MAX_TABLE_BYTES, unreadable_error
from unknot.data.image_files import ImageFiles, is_picture, is_table
from unknot.data.layout import split_position
from unknot.data.raster.picture_files import UnreadableImage
from unknot.data.sources.tar_index import TarEntry, list_tar

MAX_FILE_BYTES = 512 * 2**20
MAX_UNPACKED_BYTES, MAX_PACKING = 2**28, 200  # bytes, and times the packed ones
PIECE_BYTES = 2**24
SAMPLE_LABELS = (".json", ".cls")
"""Endings of files that hold labels of the picture of the same name, as WebDataset has them."""


class Member(NamedTuple):
    """A file in a zip or tar: its name, its bytes when packed out, and what reads it."""

    name: str
    size: int
    read: Callable[[], bytes]


@dataclass
class PackedContents:
    """What lies in zips or tars.

    Attributes:
        pictures: files that can be read as pictures.
        tables: that may hold labels.
        samples: labels of single pictures: the picture's name without ending -> those files.
        num_system: thumbnails, hidden files and notes of systems.
        endings: of all other files, with their number.
    """

    pictures: list[Member] = field(default_factory=list)
    tables: list[Member] = field(default_factory=list)
    samples: dict[str, list[Member]] = field(default_factory=dict)
    num_system: int = 0
    endings: Counter[str] = field(default_factory=Counter)


def list_zips(paths: Sequence[Path]) -> ImageFiles:
    """List the pictures of zips.

    Raises:
        UserError: if one is not a zip or names a place outside itself, or none holds a picture.
    """
    return _list_packed(paths, _zip_members)


def list_tars(paths: Sequence[Path]) -> ImageFiles:
    """List the pictures of tars, with the labels that lie beside each as WebDataset has them.

    Raises:
        UserError: if one is not a tar or names a place outside itself, or none holds a picture.
    """
    return _list_packed(paths, _tar_members)


def _list_packed(paths: Sequence[Path], members: Callable[[Path], Iterator[Member]]) -> ImageFiles:
    contents = PackedContents()
    prefixes = _prefixes(paths)
    for path, prefix in zip(paths, prefixes):
        for member in members(path):
            _sort_in(contents, path, member._replace(name=prefix + member.name))
    if not contents.pictures:
        where = str(paths[0]) if len(paths) == 1 else f"{len(paths)} files in {paths[0].parent}"
        raise UserError(f"no image in {where}; unpack it if it holds another archive")
    pictures = sorted(contents.pictures, key=lambda member: member.name)
    names = [member.name for member in pictures]

    def read(index: int) -> bytes:
        member = pictures[index]
        if member.size > MAX_FILE_BYTES:
            raise UnreadableImage(f"{member.size:,} bytes when unpacked")
        try:
            return member.read()
        except Exception as error:  # whatever is raised where it is damaged
            raise UnreadableImage(f"damaged in its archive: {error}") from None

    return ImageFiles(
        names=names,
        read=read,
        tables={member.name: partial(_read_table, member) for member in contents.tables},
        frame=_sample_labels(names, contents.samples),
        notes=_notes(contents),
    )


def _read_table(member: Member) -> bytes:
    """Read the bytes of a table of labels."""
    if member.size > MAX_TABLE_BYTES:
        raise UserError(
            f"the table {member.name} has {member.size:,} bytes when unpacked, more than the "
            f"{MAX_TABLE_BYTES:,} that are read; take it out of the archive"
        )
    try:
        return member.read()
    except Exception as error:  # as with pictures
        raise UserError(
            f"the table {member.name} is damaged in its archive ({error}); write it again"
        ) from None


def _prefixes(paths: Sequence[Path]) -> list[str]:
    """Name the folder in which each archive's files are put, if several are read as one.

    Archives called after splits become folders of that name, and so do those of one folder each.
    """
    if len(paths) == 1:
        return [""]
    stems = [path.name.split(".")[0] for path in paths]
    heads = [stem.split("-")[0] for stem in stems]
    if all(split_position(head) is not None for head in heads):
        return [
            f"{head}/" if stem == head else f"{head}/{stem}/" for head, stem in zip(heads, stems)
        ]
    return [f"{stem}/" for stem in stems]


def _sort_in(contents: PackedContents, path: Path, member: Member) -> None:
    parts = [p for p in member.name.replace("\\", "/").split("/") if p not in ("", ".")]
    if ".." in parts or member.name.startswith(("/", "\\")):
        raise UserError(
            f"{path}: the entry {member.name!r} points outside the archive; "
            "such a file is not to be trusted: make it again from the images"
        )
    stem, ending = os.path.splitext(member.name)
    if any(part.startswith(".") or part.lower() in SYSTEM_NAMES for part in parts):
        contents.num_system += 1
    elif is_picture(member.name):
        contents.pictures.append(member)
    elif is_table(member.name):
        contents.tables.append(member)
    elif ending.lower() in SAMPLE_LABELS:
        contents.samples.setdefault(stem, []).append(member)
    else:
        contents.endings[ending.lower()] += 1


def _notes(contents: PackedContents) -> tuple[str, ...]:
    lines = []
    if contents.num_system:
        lines.append(
            unused_line("hidden file or note of a system", "left out", contents.num_system)
        )
    if contents.endings:
        names = " ".join(ending or "(no ending)" for ending, _ in contents.endings.most_common(5))
        lines.append(unused_line("file of another kind", names, contents.endings.total()))
    return tuple(lines)


def _zip_members(path: Path) -> Iterator[Member]:
    try:
        archive = zipfile.ZipFile(path)
    except PermissionError:
        raise unreadable_error(path) from None
    except Exception as error:  # whatever is raised where it is damaged
        raise UserError(
            f"{path} is not a zip that can be read: {error}; download it again"
        ) from None
    _check_apart(path, archive.infolist())
    for info in archive.infolist():
        if not info.is_dir():
            yield Member(info.filename, info.file_size, _zip_reader(archive, info))


def _check_apart(path: Path, members: Sequence[zipfile.ZipInfo]) -> None:
    """Check that no two files of a zip are the same bytes: a few would stand for very many."""
    starts = sorted((info.header_offset, info.compress_size) for info in members)
    for (start, size), (following, _) in pairwise(starts):
        if start + size > following or start == following:
            raise UserError(
                f"{path} gives the same bytes several names; such a file is not to be trusted: "
                "make it again from the images"
            )


def _zip_reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    return lambda: archive.read(info)


def _tar_members(path: Path) -> Iterator[Member]:
    """List a tar's files; their bytes are read from where they lie, by several threads at once."""
    try:
        plain = _PlainTar(path)
        for entry in list_tar(plain.file):
            yield Member(entry.name, entry.size, plain.reader(entry))
    except UserError:
        raise
    except PermissionError:
        raise unreadable_error(path) from None
    except Exception as error:  # whatever is raised where it is damaged
        why = " ".join(str(error).split())
        raise UserError(f"{path} is not a tar that can be read: {why}; download it again") from None


class _PlainTar:
    """A tar, open as long as something may be read from it.

    A packed one is unpacked into a file without a name, in the cache's folder.
    """

    def __init__(self, path: Path) -> None:
        if path.name.lower().endswith(".tar"):
            self.file: IO[bytes] = path.open("rb")
            return
        cache_folder().mkdir(parents=True, exist_ok=True)
        self.file = tempfile.TemporaryFile(dir=cache_folder())  # noqa: SIM115  # closed below
        with path.open("rb") as packed:
            _unpack(path, packed, self.file)
        self.file.seek(0)

    def __del__(self) -> None:
        if hasattr(self, "file"):
            self.file.close()

    def reader(self, entry: TarEntry) -> Callable[[], bytes]:
        """Make what reads a member's bytes."""

        def read() -> bytes:
            content = os.pread(self.file.fileno(), entry.size, entry.offset)
            if len(content) < entry.size:
                raise EOFError("it ends early")
            return content

        return read


def _unpack(path: Path, packed: IO[bytes], plain: IO[bytes]) -> None:
    """Unpack a file by its ending."""
    if path.name.lower().endswith((".tar.gz", ".tgz")):
        with gzip.GzipFile(fileobj=packed) as stream:
            _copy(path, stream.read, plain)
        return
    if find_spec("zstandard") is None:
        raise UserError(f"{path} needs zstandard; install it with pip install 'unknot[zstd]'")
    import zstandard

    try:
        with zstandard.ZstdDecompressor().stream_reader(packed, read_across_frames=True) as stream:
            _copy(path, stream.read, plain)
    except zstandard.ZstdError as error:
        raise OSError(str(error)) from None


def _copy(path: Path, unpack: Callable[[int], bytes], plain: IO[bytes]) -> None:
    """Copy what is unpacked, as long as the disk has room and it can be pictures."""
    most = max(MAX_UNPACKED_BYTES, MAX_PACKING * path.stat().st_size)
    num_bytes = 0
    while piece := unpack(PIECE_BYTES):
        num_bytes += len(piece)
        if num_bytes > most:
            raise UserError(
                f"{path} has more than {most:,} bytes when unpacked, which pictures never have; "
                "such a file is not to be trusted: make it again from the images"
            )
        check_space(len(piece))
        plain.write(piece)


def _sample_labels(
    names: Sequence[str], samples: Mapping[str, Sequence[Member]]
) -> dict[str, list[Any]] | None:
    """Read the labels that lie beside single pictures into columns, a row for each picture."""
    columns: dict[str, list[Any]] = {}
    for row, name in enumerate(names):
        for member in samples.get(os.path.splitext(name)[0], ()):
            for column, value in _sample_label(member).items():
                columns.setdefault(column, [None] * len(names))[row] = value
    return columns or None


def _sample_label(member: Member) -> dict[str, Any]:
    """Read one picture's labels: a number or word, or the plain values of a JSON object."""
    if member.size > 2**20:
        return {}
    text = _read_table(member).decode("utf-8", "replace").strip()
    if member.name.lower().endswith(".cls"):
        return {"class": text}
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    plain = (str, int, float, bool)
    values = document.items() if isinstance(document, dict) else ()
    return {str(key): value for key, value in values if isinstance(value, plain)}
