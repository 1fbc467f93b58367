"""Encoded pictures, wherever they lie: listed, labelled, decoded."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.data.cache import check_space
from unknot.data.decode import decode_all, name_rows
from unknot.data.image_files import ImageFiles
from unknot.data.picture_labels import PictureLabels, label_pictures
from unknot.data.sources import LoadOptions, Scan, Written
from unknot.data.table_choice import TableFile, given_key, tables_beside

MAX_UNREADABLE = 0.1  # the share of pictures that may be damaged

Lister = Callable[[], ImageFiles]


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
        *options.limits(),
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
    most_channels = 4 if preparation.color == "rgba" else 3
    check_space(len(files.names) * prod(preparation.image_shape(most_channels)))
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
        max_pixels=options.max_pixels,
        workers=options.workers,
        progress=options.progress,
    )
    _check_unreadable(path, files.names, decoded.unreadable)
    rows = decoded.rows[:, 0]  # of which picture each image is
    known = _take(labels, rows)
    names = [files.names[row] for row in rows]
    return Written(
        kind="CelebA" if labels.is_celeba else kind,
        image_shape=decoded.image_shape,
        names=name_rows(files.names, decoded.rows),
        files=names,
        digests=[decoded.digests[row] for row in rows],
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


def _take(labels: PictureLabels, rows: NDArray[np.int32]) -> PictureLabels:
    """Give each image the labels of the picture that it is of."""
    return replace(
        labels,
        attributes=labels.attributes[rows],
        factors=None if labels.factors is None else labels.factors[rows],
        groups=None if labels.groups is None else labels.groups[rows],
        split=None if labels.split is None else labels.split[rows],
    )


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
