"""Whether a page still shows what lies in its experiment's folder."""

import hashlib
from collections.abc import Iterator
from pathlib import Path

import unknot
from unknot.common.files import write_bytes

STAMP = ".report.sha256"
"""The file beside a page that keeps the digests of what the page was made of, and of itself."""
NOT_SHOWN = ("report.html", "checkpoint", "checkpoint.old", "tensorboard", "__pycache__")
"""Files and folders of which no page shows anything; nor of hidden ones."""


def sources_digest(folder: Path) -> str:
    """Digest all that a page is made of: unknot with its assets, the folder's name and its files.

    Args:
        folder: of the experiment, as it was given: the page names it.
    """
    digest = hashlib.sha256(f"{unknot.__version__}\n{folder}\n".encode(errors="surrogateescape"))
    for root in (Path(unknot.__file__).parent, folder):
        for path in _shown_files(root):
            name = str(path.relative_to(root))
            digest.update(f"{name}\n{_digest(path)}\n".encode(errors="surrogateescape"))
    return digest.hexdigest()


def stamp_page(page: Path, sources: str) -> None:
    """Keep beside a page what it was made of.

    Args:
        page: its file.
        sources: `sources_digest` before the page was made, so that a file that changes meanwhile
            makes the page out of date.
    """
    write_bytes(page.with_name(STAMP), _stamp(page, sources))


def is_up_to_date(page: Path) -> bool:
    """Whether a page is as it was written, and would be written so again."""
    stamp = page.with_name(STAMP)
    if not (page.is_file() and stamp.is_file()):
        return False
    return stamp.read_bytes() == _stamp(page, sources_digest(page.parent))


def _stamp(page: Path, sources: str) -> bytes:
    return f"{sources} {_digest(page)}\n".encode()


def _shown_files(root: Path) -> Iterator[Path]:
    """Every file below a folder that a page may show, in a fixed order."""
    for path in sorted(root.iterdir()) if root.is_dir() else ():
        if path.name.startswith(".") or path.name in NOT_SHOWN:
            continue
        if path.is_dir():
            yield from _shown_files(path)
        elif path.is_file():
            yield path


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
