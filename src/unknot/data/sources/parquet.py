"""Parquet files of images, as Hugging Face's datasets are kept: images and labels in columns."""

import bisect
import json
import threading
from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from unknot.common.errors import UserError
from unknot.data.image_files import ImageFiles
from unknot.data.layout import split_position
from unknot.data.raster.picture_files import UnreadableImage
from unknot.data.sources import LoadOptions, Scan, as_path
from unknot.data.sources.encoded import scan_files
from unknot.data.table_files import open_parquet, read_columns

IMAGE_COLUMNS = ("image", "img", "images", "picture", "jpg", "png")
"""What columns of images are called; else the first one that holds bytes."""
MAX_GROUP_BYTES = 2**30
KEPT_GROUPS = 4  # row groups whose images are kept in memory, for each file
SPLIT_COLUMN = "split"


class ParquetSource:
    """One parquet of images; a folder that holds nothing but such files is read as they are."""

    def matches(self, given: Any) -> bool:
        """Say whether it is a file that ends in `.parquet`."""
        path = as_path(given)
        return path is not None and path.suffix.lower() == ".parquet" and path.is_file()

    def scan(self, given: Any, options: LoadOptions) -> Scan:
        """Look at its size and time; see `Source.scan`."""
        path = as_path(given)
        assert path is not None, "only what matches is scanned"
        return scan_parquets(path, [path], options)


PARQUET = ParquetSource()


def scan_parquets(
    path: Path, files: Sequence[Path], options: LoadOptions, notes: tuple[str, ...] = ()
) -> Scan:
    """Say what is known of parquet files before they are read.

    Raises:
        UserError: if what reads them is not installed.
    """
    if find_spec("pyarrow") is None:
        raise UserError(f"{path} needs pyarrow; install it with pip install 'unknot[parquet]'")
    stamps = [(str(file), file.stat().st_size, file.stat().st_mtime_ns) for file in files]
    listed = partial(list_parquets, files)
    return scan_files("parquet", path, listed, options, stamps, tables=(), notes=notes)


def list_parquets(paths: Sequence[Path]) -> ImageFiles:
    """List the images of parquet files, with their other columns as labels.

    Files called after splits (`train-00000-of-00002.parquet`) give each image its split.

    Raises:
        UserError: if a file is damaged, or none holds a column of images.
    """
    files = [_ParquetFile(path) for path in paths]
    holding = [file for file in files if file.image_column]
    if not holding:
        raise UserError(
            f"{paths[0]} has no column of images, but {', '.join(files[0].columns)}; give "
            "the folder of images instead, and this table by --labels"
        )
    names, places = [], []
    for number, file in enumerate(holding):
        names += [f"{file.path.stem}/{row:06d}" for row in range(file.num_rows)]
        places += [(number, row) for row in range(file.num_rows)]

    def read(index: int) -> bytes:
        number, row = places[index]
        return holding[number].read(row)

    others = [file.path.name for file in files if not file.image_column]
    notes = (f"not used: {', '.join(others)}: no column of images",) if others else ()
    return ImageFiles(names=names, read=read, frame=_labels(holding), notes=notes)


def _labels(files: Sequence["_ParquetFile"]) -> dict[str, list[Any]]:
    """Join the columns of labels, and name the splits after which files are called."""
    columns: dict[str, list[Any]] = {}
    num = 0
    for file in files:
        labels = file.labels()
        split = file.path.name.split(".")[0].split("-")[0]
        if split_position(split) is not None and SPLIT_COLUMN not in labels:
            labels[SPLIT_COLUMN] = [split] * file.num_rows
        for name, values in labels.items():
            columns.setdefault(name, [None] * num).extend(values)
        num += file.num_rows
        for values in columns.values():
            values.extend([None] * (num - len(values)))
    return columns


class _ParquetFile:
    """One file, of whose images a few row groups are kept in memory."""

    def __init__(self, path: Path) -> None:
        import pyarrow as pa

        self.path = path
        self._file = open_parquet(path, path)
        schema = self._file.schema_arrow
        self.columns = schema.names
        self.num_rows = self._file.metadata.num_rows
        self.image_column = _image_column(schema)
        self._check_size()
        self._plain = [
            f.name for f in schema if not pa.types.is_nested(f.type) and not _is_bytes(f.type)
        ]
        ends, total = [], 0
        for group in range(self._file.num_row_groups):
            total += self._file.metadata.row_group(group).num_rows
            ends.append(total)
        self._ends = ends
        self._kept: OrderedDict[int, list[Any]] = OrderedDict()
        self._lock = threading.Lock()

    def labels(self) -> dict[str, list[Any]]:
        """Read the columns of plain values; classes become their names where the file has them."""
        names = _class_names(self._file.schema_arrow)
        table = read_columns(self.path, self._file, self._plain)
        for column, texts in names.items():
            if column in table:
                table[column] = [
                    texts[v] if isinstance(v, int) and 0 <= v < len(texts) else None
                    for v in table[column]
                ]
        return table

    def _check_size(self) -> None:
        """Check that there are no more images than bytes, and none are too many to be held."""
        metadata = self._file.metadata
        largest = max(
            (metadata.row_group(i).total_byte_size for i in range(metadata.num_row_groups)),
            default=0,
        )
        if self.num_rows > self.path.stat().st_size or largest > MAX_GROUP_BYTES:
            raise UserError(
                f"{self.path} has {self.num_rows:,} rows in groups of up to {largest:,} bytes, "
                "which is not what images take; write it again with groups of a hundred rows"
            )

    def read(self, row: int) -> bytes:
        """Read the bytes of one image."""
        group = bisect.bisect_right(self._ends, row)
        start = self._ends[group - 1] if group else 0
        with self._lock:
            if group not in self._kept:
                self._kept[group] = self._read_group(group)
                while len(self._kept) > KEPT_GROUPS:
                    self._kept.popitem(last=False)
            value = self._kept[group][row - start]
        content = value.get("bytes") if isinstance(value, dict) else value
        if not isinstance(content, bytes):
            raise UnreadableImage("the row holds no image")
        return content

    def _read_group(self, group: int) -> list[Any]:
        try:
            table = self._file.read_row_group(group, columns=[self.image_column])
            return table.column(0).to_pylist()
        except Exception as error:  # whatever is raised where it is damaged
            why = " ".join(str(error).split())
            raise UnreadableImage(f"damaged in the parquet: {why}") from None


def _image_column(schema: Any) -> str:
    """Find the column of encoded images: bytes, or bytes and a path; "" if there is none."""
    import pyarrow as pa

    holding = [
        field.name
        for field in schema
        if _is_bytes(field.type)
        or (pa.types.is_struct(field.type) and field.type.get_field_index("bytes") >= 0)
    ]
    usual = [name for name in IMAGE_COLUMNS if name in holding]
    return next(iter([*usual, *holding]), "")


def _is_bytes(kind: Any) -> bool:
    import pyarrow as pa

    return pa.types.is_binary(kind) or pa.types.is_large_binary(kind)


def _class_names(schema: Any) -> dict[str, list[str]]:
    """Find the names of classes in what Hugging Face notes with the columns."""
    try:
        features_json = json.loads((schema.metadata or {})[b"huggingface"])["info"]["features"]
        features = features_json.items()
    except (KeyError, ValueError, TypeError, AttributeError):
        return {}
    names = {}
    for column, feature in features:
        texts = feature.get("names") if isinstance(feature, dict) else None
        if isinstance(texts, dict):
            texts = [str(name) for _, name in sorted(texts.items())]
        if isinstance(texts, list) and all(isinstance(text, str) for text in texts):
            names[column] = texts
    return names
