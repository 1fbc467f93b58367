"""Everything that is known of pictures beside their pixels: labels, splits and groups.

It comes from their folders' names, from CelebA's files, and from one table: the one that the user
gives, or the one that lies with the pictures and names them.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.data.benchmark_factors import folder_factors
from unknot.data.celeba import CelebALabels, is_celeba_file, read_celeba
from unknot.data.image_files import ImageFiles
from unknot.data.label_columns import KnownLabels, known_labels
from unknot.data.label_table import (
    LabelTable,
    RowMatch,
    join_tables,
    match_rows,
    table_of_frame,
)
from unknot.data.layout import Layout, read_layout
from unknot.data.table_choice import METADATA, TableFile, table_file
from unknot.data.table_files import read_table


@dataclass(frozen=True, eq=False)
class PictureLabels:
    """What is known of pictures.

    Attributes:
        attributes: int8, shape `(num, num_attributes)`: 1, 0, or -1 if missing.
        attribute_names: one per column.
        factors: float64, shape `(num, num_factors)`, NaN where missing.
        factor_names: one per column.
        factor_levels: the text of each number of a factor that was text.
        split: positions in `SPLITS`, -1 where not known; None where no splits are given.
        split_by: where the splits come from, for people.
        groups: int32, -1 where there is none; None without groups.
        group_names: one per group.
        is_celeba: whether CelebA's files were found.
        notes: what the user should know, one line each.
    """

    attributes: NDArray[np.int8]
    attribute_names: tuple[str, ...] = ()
    factors: NDArray[np.float64] | None = None
    factor_names: tuple[str, ...] = ()
    factor_levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    split: NDArray[np.int8] | None = None
    split_by: str = "official"
    groups: NDArray[np.int32] | None = None
    group_names: tuple[str, ...] = ()
    is_celeba: bool = False
    notes: tuple[str, ...] = ()


def label_pictures(
    files: ImageFiles,
    tables: Sequence[TableFile],
    *,
    given: Any = None,
    columns: Sequence[str] = (),
    group: str = "none",
    keep_splits: bool = True,
) -> PictureLabels:
    """Gather what is known of pictures.

    Args:
        files: the pictures, with the tables that lie among them.
        tables: that lie beside them or in their folder.
        given: the table that the user gave: a file or a data frame.
        columns: of the table that are taken; all that can be labels where empty.
        group: what sub-folders are, as the user asked for it.
        keep_splits: whether given splits are kept.

    Raises:
        UserError: if a table is damaged, a given one does not name the pictures, or there are no
            folders to group by.
    """
    readers = {table.name: table.read for table in tables} | dict(files.tables)
    layout = read_layout(files.names, group=group, keep_splits=keep_splits)
    celeba = read_celeba(files.names, readers)
    others = {name: read for name, read in readers.items() if not is_celeba_file(name)}
    table, notes = _table_labels(files, others, given, columns)
    if table is None:
        table = _factors_of_numbers(files)
    return _join(layout, celeba, table, len(files.names), notes, keep_splits)


def labels_from_table(given: Any, names: Sequence[str], columns: Sequence[str] = ()) -> KnownLabels:
    """Read the table that a user gives: a file or a data frame.

    Raises:
        UserError: if it cannot be read, or names too few of the pictures.
    """
    table = _open_given(given)
    matched = match_rows(table, names)
    if matched is None:
        raise UserError(
            f"{table.source} names none of the images, or less than half of them; one of its "
            f"columns must hold their names, such as {names[0]!r}"
        )
    known = known_labels(table, matched.rows, key=matched.column, columns=columns)
    return _with_notes(known, (f"labels from {table.source}", *matched.notes))


def _open_given(given: Any) -> LabelTable:
    if not isinstance(given, str | Path):
        return table_of_frame(given)
    file = table_file(Path(given).expanduser())
    return read_table(file.name, file.read())


def _table_labels(
    files: ImageFiles,
    readers: Mapping[str, Callable[[], bytes]],
    given: Any,
    columns: Sequence[str],
) -> tuple[KnownLabels | None, tuple[str, ...]]:
    """Read the one table that counts, and say which others there are."""
    if given is not None:
        others = [name for name in readers if not _is_same(name, given)]
        unused = f"not used, since --labels gives another table: {', '.join(others)}"
        notes = (unused,) if others else ()
        return labels_from_table(given, files.names, columns), notes
    if files.frame is not None:
        table = table_of_frame(files.frame)
        return known_labels(table, np.arange(len(files.names)), key=None, columns=columns), ()
    matched = _matched(files.names, readers)
    chosen = _nearest(matched)
    if len(chosen) > 1:
        names = ", ".join(table.source for table, _ in chosen)
        return None, (f"several tables name the images, none is used: {names}; give --labels FILE",)
    if not chosen:
        if columns:
            raise UserError("--label-columns goes with a table of labels, and there is none")
        names = ", ".join(readers)
        return None, (f"not used: {names} names too few of the images",) if readers else ()
    table, rows = chosen[0]
    known = known_labels(table, rows.rows, key=rows.column, columns=columns)
    return _with_notes(known, (f"labels from {table.source}", *rows.notes)), ()


def _matched(
    names: Sequence[str], readers: Mapping[str, Callable[[], bytes]]
) -> list[tuple[LabelTable, RowMatch]]:
    """Read the tables that name pictures; those called metadata of several folders are one."""
    metadata = {
        name: read
        for name, read in readers.items()
        if Path(name).stem.lower() == METADATA and not Path(name).is_absolute()
    }
    if len({name.rpartition("/")[0] for name in metadata}) > 1:
        joined = _joined_metadata(names, metadata)
        return [joined] if joined else []
    matched = []
    for name, read in readers.items():
        table = read_table(name, read())
        rows = match_rows(table, names)
        if rows is not None:
            matched.append((table, rows))
    return matched


def _joined_metadata(
    names: Sequence[str], readers: Mapping[str, Callable[[], bytes]]
) -> tuple[LabelTable, RowMatch] | None:
    """Join tables that lie each in the folder of their pictures, such as one for each split."""
    tables: list[LabelTable] = []
    rows = np.full(len(names), -1)
    notes: tuple[str, ...] = ()
    key, num_rows = "", 0
    for name, read in readers.items():
        folder = name.rpartition("/")[0]
        below = [i for i, n in enumerate(names) if n.startswith(f"{folder}/" if folder else "")]
        table = read_table(name, read())
        match = match_rows(table, [names[i].removeprefix(f"{folder}/") for i in below])
        if match is None:
            continue
        rows[below] = np.where(match.rows >= 0, match.rows + num_rows, -1)
        notes, key, num_rows = (*notes, *match.notes), match.column, num_rows + table.num_rows
        tables.append(table)
    if not tables:
        return None
    source = f"{len(tables)} tables called {METADATA}"
    return join_tables(tables, source), RowMatch(key, rows, notes)


def _nearest(
    matched: list[tuple[LabelTable, RowMatch]],
) -> list[tuple[LabelTable, RowMatch]]:
    """Of several tables prefer the one called metadata, then the one inside the folder."""
    for is_preferred in (
        lambda name: Path(name).stem.lower() == METADATA,
        lambda name: not Path(name).is_absolute(),
    ):
        preferred = [pair for pair in matched if is_preferred(pair[0].source)]
        if len(preferred) == 1:
            return preferred
    return matched


def _is_same(name: str, given: Any) -> bool:
    """Whether a table that was found is the file that the user gave."""
    if not isinstance(given, str | Path):
        return False
    given = Path(given).expanduser()
    return given.name == Path(name).name and (
        not Path(name).is_absolute() or given.resolve() == Path(name).resolve()
    )


def _factors_of_numbers(files: ImageFiles) -> KnownLabels | None:
    """Derive factors from the pictures' numbers where the folder is called like such a set."""
    derived = folder_factors(files.folders, files.names)
    if derived is None:
        return None
    factors, names = derived
    return KnownLabels(
        attributes=np.empty((len(files.names), 0), np.int8),
        factors=factors,
        factor_names=names,
        notes=("factors follow from the pictures' numbers",),
    )


def _with_notes(known: KnownLabels, notes: Sequence[str]) -> KnownLabels:
    return replace(known, notes=(*notes, *known.notes))


def _join(
    layout: Layout,
    celeba: CelebALabels | None,
    table: KnownLabels | None,
    num: int,
    notes: tuple[str, ...],
    keep_splits: bool,
) -> PictureLabels:
    """Put side by side what folders, CelebA's files and the table tell."""
    parts = [part for part in (celeba, table) if part is not None]
    classes = np.empty((num, 0), np.int8)
    if layout.classes is not None:
        classes = (layout.classes[:, None] == np.arange(len(layout.class_names))).astype(np.int8)
    names = [*layout.class_names, *(name for part in parts for name in part.attribute_names)]
    split, split_by = _given_split(layout, celeba, table) if keep_splits else (None, "")
    groups, group_names = layout.groups, layout.group_names
    if groups is None and celeba is not None:
        groups, group_names = celeba.groups, celeba.group_names
    return PictureLabels(
        attributes=np.hstack([classes, *(part.attributes for part in parts)]),
        attribute_names=tuple(_different(names)),
        factors=table.factors if table else None,
        factor_names=table.factor_names if table else (),
        factor_levels=table.factor_levels if table else {},
        split=split,
        split_by=split_by,
        groups=groups,
        group_names=group_names,
        is_celeba=celeba is not None,
        notes=(*layout.notes, *notes, *(note for part in parts for note in part.notes)),
    )


def _given_split(
    layout: Layout, celeba: CelebALabels | None, table: KnownLabels | None
) -> tuple[NDArray[np.int8] | None, str]:
    """Take the split of the table, of CelebA's file or of the folders, in this order."""
    if table is not None and table.split is not None:
        return table.split, "the table of labels"
    if celeba is not None and celeba.split is not None:
        return celeba.split, "official"
    return layout.split, "folders"


def _different(names: Sequence[str]) -> list[str]:
    """Number names that stand twice: two sources may call a label alike."""
    counts: dict[str, int] = {}
    different = []
    for name in names:
        counts[name] = counts.get(name, 0) + 1
        different.append(name if counts[name] == 1 else f"{name} ({counts[name]})")
    return different
