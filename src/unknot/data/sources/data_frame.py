"""A table in memory that names picture files, such as a pandas data frame: a row for each image."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unknot.common.errors import UserError
from unknot.data.image_files import ImageFiles, is_picture
from unknot.data.raster.picture_files import UnreadableImage
from unknot.data.sources import LoadOptions, Scan
from unknot.data.sources.encoded import scan_files
from unknot.data.table_choice import given_key

PATH_COLUMNS = ("path", "file_name", "filename", "file", "image", "image_path", "filepath", "img")
"""What columns of paths are called; else the first one whose values end like pictures."""


class DataFrameSource:
    """A data frame with a column of paths; its other columns are labels."""

    def matches(self, given: Any) -> bool:
        """Say whether it has columns that can be had as arrays."""
        return hasattr(given, "columns") and hasattr(given, "to_numpy")

    def scan(self, given: Any, options: LoadOptions) -> Scan:
        """Look at the files' sizes and times; see `Source.scan`."""
        column = path_column(given)
        paths = [str(path) for path in given[column]]
        stamps = [_stamp(path) for path in paths]
        files = list_paths(
            paths, {str(c): given[c].to_numpy() for c in given.columns if c != column}
        )
        key = [given_key(given), *stamps]
        return scan_files(
            "data frame", Path.cwd(), lambda: files, options, key, tables=(), repeatable=False
        )


DATA_FRAME = DataFrameSource()


def path_column(frame: Any) -> Any:
    """Find the column whose values are paths of pictures.

    Raises:
        UserError: if there is none.
    """
    usual = [column for column in frame.columns if str(column).lower() in PATH_COLUMNS]
    for column in [*usual, *frame.columns]:
        values = frame[column].to_numpy()[:100]
        if len(values) and all(isinstance(v, str | Path) and is_picture(str(v)) for v in values):
            return column
    raise UserError(
        "the data frame has no column of paths of pictures; its columns are "
        f"{', '.join(map(str, frame.columns))}"
    )


def list_paths(paths: Sequence[str], labels: Mapping[str, Any]) -> ImageFiles:
    """Give pictures by their paths, relative to the working folder, with a row of labels each."""

    def read(index: int) -> bytes:
        try:
            return Path(paths[index]).read_bytes()
        except OSError as error:
            raise UnreadableImage(error.strerror or str(error), is_passing=True) from None

    names = [path.replace("\\", "/") for path in paths]
    return ImageFiles(names=names, read=read, frame=labels)


def _stamp(path: str) -> tuple[int, int]:
    try:
        stat = os.stat(path)
    except OSError:
        return -1, -1
    return stat.st_size, stat.st_mtime_ns
