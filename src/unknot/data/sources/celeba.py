"""CelebA's layout: images in a folder or zip, attributes and official splits in text files.

Liu et al. 2015, Deep learning face attributes in the wild.
"""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.data.sources import LoadOptions, Scan, as_path
from unknot.data.sources.files import ImageFiles, list_folder, list_zip, scan_files
from unknot.data.splits import SPLITS

IMAGES = "img_align_celeba"
ATTRIBUTES = "list_attr_celeba.txt"
PARTITION = "list_eval_partition.txt"


class CelebASource:
    """CelebA (Liu et al. 2015): its folder, or its folder or zip of images; parts of it too."""

    def matches(self, given: Any) -> bool:
        """Say whether it is laid out like CelebA."""
        path = as_path(given)
        return path is not None and find_celeba(path) is not None

    def scan(self, given: Any, options: LoadOptions) -> Scan:
        """List the pictures and look at the label files; see `Source.scan`."""
        path = Path(given).expanduser()
        layout = find_celeba(path)
        assert layout, "only what matches is scanned"
        return scan_files("CelebA", path, list_celeba(*layout), options)


CELEBA = CelebASource()


def find_celeba(path: Path) -> tuple[Path, Path] | None:
    """Recognize CelebA's layout.

    Returns:
        The images (a folder or a zip) and the folder of the text files, or None.
    """
    if path.name in (IMAGES, IMAGES + ".zip") and (path.is_dir() or path.is_file()):
        inside = path / IMAGES
        return (inside if inside.is_dir() else path), path.parent
    for images in (path / IMAGES, path / (IMAGES + ".zip")):
        if images.is_dir() or images.is_file():
            nested = images / IMAGES  # what unpacking into a folder of the zip's name gives
            return (nested if nested.is_dir() else images), path
    return None


def list_celeba(images: Path, labels: Path) -> ImageFiles:
    """Find CelebA's images, with attributes and splits where their files are there.

    Rows of images that are not there are ignored and counted, so a partial set works.

    Args:
        images: the folder or the zip of images.
        labels: the folder that may hold `list_attr_celeba.txt` and `list_eval_partition.txt`.

    Raises:
        UserError: if there is no image; and, when the labels are read, if a text file is damaged
            or does not name the images.
    """
    files = list_folder(images) if images.is_dir() else list_zip(images)
    present = [labels / name for name in (ATTRIBUTES, PARTITION) if (labels / name).is_file()]
    stats = [path.stat() for path in present]
    return replace(
        files,
        label_stamps=tuple((stat.st_size, stat.st_mtime_ns) for stat in stats),
        add_labels=lambda listed: _add_labels(listed, present),
    )


def _add_labels(files: ImageFiles, present: list[Path]) -> ImageFiles:
    keys = [name.rsplit("/", 1)[-1] for name in files.names]
    for path in present:
        add = _add_attributes if path.name == ATTRIBUTES else _add_split
        files = add(files, keys, path)
    return files


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError:
        raise UserError(f"{path} is not a text file; download it again or remove it") from None


def _rows(path: Path, lines: list[str], start: int, width: int) -> dict[str, list[str]]:
    """Read the rows of a table, by the name in their first column."""
    rows = {}
    for number, line in enumerate(lines[start:], start + 1):
        cells = line.split()
        if not cells:
            continue
        if len(cells) != width + 1:
            raise UserError(
                f"{path} line {number}: {len(cells) - 1} values where {width} are expected; "
                "download the file again, or remove it to go on without it"
            )
        rows[cells[0]] = cells[1:]
    return rows


def _match(path: Path, rows: dict[str, list[str]], keys: list[str]) -> list[list[str]]:
    missing = [key for key in keys if key not in rows]
    if missing:
        raise UserError(
            f"{path} has no row for {len(missing):,} of {len(keys):,} images ({missing[0]!r}...); "
            "use the file that belongs to these images, or remove it to go on without it"
        )
    return [rows[key] for key in keys]


def _ignored(path: Path, rows: dict[str, list[str]], keys: list[str]) -> tuple[str, ...]:
    num = len(rows) - len(set(keys))
    return (f"{num:,} rows of {path.name} name images that are not here: ignored",) if num else ()


def _to_int8(path: Path, table: list[list[str]], allowed: tuple[str, ...]) -> NDArray[np.int8]:
    values = np.array(table)
    bad = ~np.isin(values, allowed)
    if bad.any():
        raise UserError(
            f"{path} holds {str(values[bad][0])!r} where only {', '.join(allowed)} may stand; "
            "download the file again, or remove it to go on without it"
        )
    return values.astype(np.int8)


def _add_attributes(files: ImageFiles, keys: list[str], path: Path) -> ImageFiles:
    lines = _lines(path)
    if len(lines) < 3 or not lines[0].strip().isdigit():
        raise UserError(f"{path} does not begin with a count and a line of attribute names")
    names = tuple(lines[1].split())
    rows = _rows(path, lines, 2, len(names))
    if len(rows) != int(lines[0]):
        raise UserError(
            f"{path} says it has {int(lines[0]):,} rows but has {len(rows):,}; "
            "download the file again, or remove it to go on without it"
        )
    table = _to_int8(path, _match(path, rows, keys), ("-1", "1"))
    return replace(
        files,
        attributes=(table == 1).astype(np.int8),
        attribute_names=names,
        notes=files.notes + _ignored(path, rows, keys),
    )


def _add_split(files: ImageFiles, keys: list[str], path: Path) -> ImageFiles:
    rows = _rows(path, _lines(path), 0, 1)
    split = _to_int8(path, _match(path, rows, keys), ("0", "1", "2"))[:, 0]
    notes = files.notes + _ignored(path, rows, keys)
    absent = [name for i, name in enumerate(SPLITS) if not (split == i).any()]
    if absent:
        note = f"these images hold no official {' or '.join(absent)} image: split by name instead"
        return replace(files, notes=(*notes, note))
    return replace(files, split=split, notes=notes)
