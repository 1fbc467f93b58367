"""Whether a page still shows what lies in its experiment's folder, and was written here at all."""

import hashlib
import os
import stat
from collections.abc import Iterator
from pathlib import Path

import unknot
from unknot.common.errors import UserError
from unknot.common.files import write_text
from unknot.common.reading import read_file
from unknot.report.seal import is_sealed, seal

STAMP = ".report.sha256"
"""The file beside a page that keeps the digests of what the page was made of, and of itself."""
STAMP_BYTES = 300
NOT_SHOWN = (
    "report.html",
    "checkpoint",
    "checkpoint.old",
    "tensorboard",
    "slurm.log",
    "__pycache__",
)
"""Files and folders of which no page shows anything; nor of hidden ones."""
MOST_DIGESTED = 2 << 30
"""Bytes that are read for a digest; of the files beyond, size and time are taken."""
UNKNOWN = "-"
"""Stands for the sources of a page that rests on more than the folder."""


def sources_digest(folder: Path) -> str:
    """Digest all that a page is made of: unknot with its assets, the folder's name and its files.

    No link is followed.

    Args:
        folder: of the experiment, as it was given: the page names it.
    """
    digest = hashlib.sha256(f"{unknot.__version__}\n{folder}\n".encode(errors="surrogateescape"))
    left = MOST_DIGESTED
    for root in (Path(unknot.__file__).parent, folder):
        for path in _shown_files(root):
            name = str(path.relative_to(root))
            digest.update(f"{name}\n{_digest(path, left)}\n".encode(errors="surrogateescape"))
            left -= min(left, path.lstat().st_size)
    return digest.hexdigest()


def stamp_page(page: Path, sources: str = UNKNOWN) -> None:
    """Keep beside a page what it was made of, sealed.

    Args:
        page: its file.
        sources: `sources_digest` before the page was made, so that a file that changes meanwhile
            makes the page out of date; by default it always is.
    """
    text = _stamp(page, sources)
    write_text(page.with_name(STAMP), f"{text} {seal(text)}\n")


def is_up_to_date(page: Path) -> bool:
    """Whether a page is as it was written here, and would be written so again."""
    return is_written_here(page) and _read_stamp(page)[0] == sources_digest(page.parent)


def is_written_here(page: Path) -> bool:
    """Whether a page is as this user's unknot wrote it."""
    sources, _, mark = _read_stamp(page)
    is_file = page.is_file() and not page.is_symlink()
    return is_file and is_sealed(_stamp(page, sources), mark)


def _read_stamp(page: Path) -> tuple[str, str, str]:
    """Read the digests of the sources and of the page, and the seal; empty where there is none."""
    stamp = page.with_name(STAMP)
    try:
        content = read_file(stamp, within=page.parent, most_bytes=STAMP_BYTES)
    except UserError:
        return "", "", ""
    parts = content.decode("ascii", "replace").split()
    return (parts[0], parts[1], parts[2]) if len(parts) == 3 else ("", "", "")


def _stamp(page: Path, sources: str) -> str:
    return f"{sources} {_digest(page, MOST_DIGESTED)}"


def _shown_files(root: Path) -> Iterator[Path]:
    """Every file below a folder that a page may show, and every link, in a fixed order."""
    for folder, subfolders, files in os.walk(root):
        subfolders[:] = sorted(filter(_is_shown, subfolders))
        links = [name for name in subfolders if os.path.islink(os.path.join(folder, name))]
        for name in sorted([*filter(_is_shown, files), *links]):
            yield Path(folder, name)


def _is_shown(name: str) -> bool:
    return not name.startswith(".") and name not in NOT_SHOWN


def _digest(path: Path, most_bytes: int) -> str:
    """Digest a regular file of so many bytes at most; of anything else say what it is."""
    status = path.lstat()
    if stat.S_ISLNK(status.st_mode):
        return f"a link to {os.readlink(path)}"
    if not stat.S_ISREG(status.st_mode) or status.st_size > most_bytes:
        return f"{status.st_mode} {status.st_size} {status.st_mtime_ns}"
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except PermissionError:
        return "may not be read"
