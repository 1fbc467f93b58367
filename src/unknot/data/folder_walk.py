"""What lies below a folder: pictures, tables, and everything else by its kind.

Links are followed, each folder and file once, so that a loop ends.
"""

import os
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from unknot.common.errors import UserError
from unknot.data.image_files import is_heic, is_picture, is_table

SYSTEM_NAMES = frozenset(
    [
        *("__macosx", "@eadir", "#recycle", "$recycle.bin", "lost+found", "thumbs.db"),
        *("desktop.ini", "ehthumbs.db", "picasa.ini", "system volume information"),
    ]
)
"""What systems and cameras put beside pictures, in small letters."""

RESULTS = (
    {"experiment.toml"},
    {"environment.json", "plan.json"},
    {"environment.json", "sample.png"},
    {"config.toml", "images.json"},
    {"images.u8", "info.json"},
)
"""Names that stand together in the folders that this program writes itself."""

KINDS = {
    "video": ".mp4 .mov .avi .mkv .webm .m4v .wmv .mpg .mpeg .3gp .flv",
    "raw": ".cr2 .cr3 .nef .arw .dng .orf .rw2 .raf .pef .srw",
    "drawing": ".svg .pdf .psd .ai .eps .xcf .exr .hdr",
    "zip": ".zip",
    "tar": ".tar .tar.gz .tgz .tar.zst .tzst",
    "packed": ".7z .rar .tar.bz2 .tar.xz .gz .bz2 .xz .zst",
    "arrays": ".npz .npy .h5 .hdf5 .mat",
}
"""Kind of a file -> its endings; the first that fits."""

_ENDINGS = {kind: tuple(endings.split()) for kind, endings in KINDS.items()}
MAX_OTHERS = 100_000
CONTAINERS = ("zip", "tar", "arrays")
"""Kinds that may hold pictures themselves."""

UNUSED = {
    "heic": ("HEIC picture", "pip install 'unknot[heic]' reads them"),
    "video": ("video", "ffmpeg -i FILE frame-%06d.png takes its pictures out"),
    "raw": ("raw file of a camera", "save them as JPEG or PNG to use them"),
    "drawing": ("drawing or document", "save them as PNG to use them"),
    "zip": ("zip", "give it itself to use it"),
    "tar": ("tar", "give it itself to use it"),
    "packed": ("packed file", "unpack it to use it"),
    "arrays": ("file of arrays", "give it itself to use it"),
    "hidden": ("hidden file or folder", "a name that begins with a dot is left out"),
    "system": ("thumbnail or note of a system", "left out"),
    "results": ("folder of unknot's own results", "left out"),
    "dangling": ("broken link", "their targets are missing"),
    "repeated": ("repeated link", "each is taken once"),
    "closed": ("folder that may not be read", "change its permissions to use it"),
    "special": ("pipe, socket or device", "left out"),
}
"""Kind -> what it is called (one of it), and what to do."""


class FoundFile(NamedTuple):
    """A file below a folder: relative name, bytes, and time of its last change."""

    name: str
    size: int
    mtime_ns: int


@dataclass
class FolderContents:
    """What lies below a folder.

    Attributes:
        pictures: sorted by name.
        tables: that may hold labels.
        containers: files that may hold pictures, by kind: `zip`, `tar`, `arrays`.
        unused: how many of each kind in `UNUSED`.
        endings: of files of no such kind, with their number.
        others: packed files and those of no kind; the first hundred thousand.
    """

    pictures: list[FoundFile] = field(default_factory=list)
    tables: list[FoundFile] = field(default_factory=list)
    containers: dict[str, list[FoundFile]] = field(default_factory=dict)
    unused: Counter[str] = field(default_factory=Counter)
    endings: Counter[str] = field(default_factory=Counter)
    others: list[FoundFile] = field(default_factory=list)

    def files(self) -> list[FoundFile]:
        """List files that are neither pictures nor tables, sorted by name."""
        containers = (file for files in self.containers.values() for file in files)
        return sorted([*self.others, *containers])

    def names_of_files(self) -> list[str]:
        """Name files that are neither pictures nor tables."""
        return [file.name for file in self.files()]

    def notes(self, *, used: str = "pictures") -> tuple[str, ...]:
        """Say what was found and is not used, a line for each kind.

        Args:
            used: the kind of container that is used, if it is not the pictures themselves.
        """
        counts = Counter(self.unused)
        for kind, files in self.containers.items():
            counts[kind] += len(files) if kind != used else 0
        lines = [unused_line(*UNUSED[kind], counts[kind]) for kind in UNUSED if counts[kind]]
        if self.endings:
            num = self.endings.total()
            common = sorted(self.endings, key=lambda ending: (-self.endings[ending], ending == ""))
            names = " ".join(ending or "(no ending)" for ending in common[:5])
            lines.append(unused_line("file of another kind", names, num))
        return tuple(lines)


def unused_line(what: str, hint: str, num: int) -> str:
    """Say that some things of one kind are not used."""
    noun, of, rest = what.partition(" of ")
    noun = noun if num == 1 else noun.replace(" or ", "s or ") + "s"
    return f"{num:,} {noun}{of}{rest} not used: {hint}"


def walk_folder(root: Path) -> FolderContents:
    """List everything below a folder by its kind, without reading any file.

    Raises:
        UserError: if the folder cannot be read, or is one of unknot's own results.
    """
    walk = _Walk()
    try:
        entries = list(os.scandir(root))
        walk.seen.add(_identity(os.stat(root)))
    except OSError as error:
        raise UserError(f"cannot read the folder {root}: {error.strerror}") from None
    if _is_results(entries):
        raise UserError(f"{root} holds results of unknot, not images; give a folder of images")
    walk.waiting.append((entries, ""))
    walk.run()
    contents = walk.contents
    for files in (contents.pictures, contents.tables, *contents.containers.values()):
        files.sort()
    return contents


class _Walk:
    """A walk below a folder: what was found, and where it goes on.

    Links are followed last, when everything that lies there itself has been seen.
    """

    def __init__(self) -> None:
        self.contents = FolderContents()
        self.seen: set[int] = set()
        self.waiting: list[tuple[list[os.DirEntry[str]], str]] = []
        self._links: list[tuple[os.DirEntry[str], str]] = []

    def run(self) -> None:
        while self.waiting or self._links:
            while self.waiting:
                entries, prefix = self.waiting.pop()
                for entry in entries:
                    self._take(entry, prefix)
            if self._links:
                self._follow(*self._links.pop(0))

    def _take(self, entry: os.DirEntry[str], prefix: str) -> None:
        """Take a file for what it is, and remember a folder or a link for later."""
        name, unused = entry.name, self.contents.unused
        if name.startswith("."):
            unused["system" if name.startswith("._") else "hidden"] += 1
        elif entry.is_file(follow_symlinks=False):
            stat = entry.stat(follow_symlinks=False)
            self.seen.add(stat.st_dev << 64 | stat.st_ino)
            self._file(prefix + name, stat)
        elif name.lower() in SYSTEM_NAMES:
            unused["system"] += 1
        elif entry.is_symlink():
            self._links.append((entry, prefix))
        elif entry.is_dir(follow_symlinks=False):
            self._enter(entry, prefix)
        else:
            unused["special"] += 1

    def _enter(self, entry: os.DirEntry[str], prefix: str) -> None:
        """List a folder, once."""
        try:
            identity = _identity(entry.stat())
            if identity in self.seen:
                self.contents.unused["repeated"] += 1
                return
            self.seen.add(identity)
            entries = list(os.scandir(entry.path))
        except OSError:
            self.contents.unused["closed"] += 1
            return
        if _is_results(entries):
            self.contents.unused["results"] += 1
        else:
            self.waiting.append((entries, f"{prefix}{entry.name}/"))

    def _follow(self, entry: os.DirEntry[str], prefix: str) -> None:
        """Take what a link points at, once."""
        try:
            stat = entry.stat()
        except OSError:
            self.contents.unused["dangling"] += 1
            return
        if entry.is_dir():
            self._enter(entry, prefix)
        elif _identity(stat) in self.seen:
            self.contents.unused["repeated"] += 1
        elif entry.is_file():
            self.seen.add(_identity(stat))
            self._file(prefix + entry.name, stat)
        else:
            self.contents.unused["special"] += 1

    def _file(self, name: str, stat: os.stat_result) -> None:
        contents = self.contents
        file = FoundFile(name, stat.st_size, stat.st_mtime_ns)
        if is_picture(name):
            contents.pictures.append(file)
        elif name.rsplit("/", 1)[-1].lower() in SYSTEM_NAMES:
            contents.unused["system"] += 1
        elif is_table(name):
            contents.tables.append(file)
        elif is_heic(name):
            contents.unused["heic"] += 1
        else:
            kind = file_kind(name)
            if kind in ("", "packed") and len(contents.others) < MAX_OTHERS:
                contents.others.append(file)
            if kind in CONTAINERS:
                contents.containers.setdefault(kind, []).append(file)
            elif kind:
                contents.unused[kind] += 1
            else:
                contents.endings[Path(name).suffix.lower()] += 1


def file_kind(name: str) -> str:
    """Tell the kind of a file that is neither picture nor table by its ending; "" if none."""
    name = name.lower()
    return next((kind for kind, endings in _ENDINGS.items() if name.endswith(endings)), "")


def _is_results(entries: Iterable[os.DirEntry[str]]) -> bool:
    names = {entry.name for entry in entries}
    return any(marks <= names for marks in RESULTS)


def _identity(stat: os.stat_result) -> int:
    """Tell a file from every other by one number."""
    return stat.st_dev << 64 | stat.st_ino
