"""Columns of a table -> labels: attributes, factors, splits, and what is left out and why."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from unknot.common.errors import UserError
from unknot.data.label_table import KEY_COLUMNS, MAX_NAMED, MISSING, Column, LabelTable
from unknot.data.layout import split_position

SPLIT_COLUMNS = ("split", "partition", "subset", "fold", "set")
NUMBERED_SPLITS = ("split", "partition")  # columns where 0, 1 and 2 stand for the splits
MAX_LEVELS = 64
MIN_LEVEL_IMAGES = 5
MAX_LETTERS = 1_000  # of a text
MAX_TEXTS = 20  # of a factor that are said
YES = frozenset(["1", "true", "yes", "y", "t", "ja", "oui", "si", "sí", "present", "on"])
NO = frozenset(["0", "-1", "false", "no", "n", "f", "nein", "non", "absent", "off"])
_DATE = re.compile(r"\d{4}[-/.]\d{1,2}[-/.]\d{1,2}([T ].*)?|\d{1,2}[-/.]\d{1,2}[-/.]\d{2,4}( .*)?")
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")

FloatArray = NDArray[np.float64]


@dataclass(frozen=True, eq=False)
class KnownLabels:
    """What a table tells of images.

    Attributes:
        attributes: int8, shape `(num, num_attributes)`: 1, 0, or -1 if missing.
        attribute_names: one per column.
        factors: float64, shape `(num, num_factors)`, NaN where missing.
        factor_names: one per column.
        factor_levels: the text of each number of a factor that was text.
        split: positions in `SPLITS`, int8, -1 where missing; None without such a column.
        notes: what was taken in which way, and what was left out, one line each.
    """

    attributes: NDArray[np.int8]
    attribute_names: tuple[str, ...] = ()
    factors: FloatArray | None = None
    factor_names: tuple[str, ...] = ()
    factor_levels: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    split: NDArray[np.int8] | None = None
    notes: tuple[str, ...] = ()


class Label(NamedTuple):
    """One column as a label: its name, its values, and whether it is binary.

    A factor that was text has the text of each number.
    """

    name: str
    values: FloatArray
    is_attribute: bool
    levels: tuple[str, ...] = ()


class LeftOut(NamedTuple):
    """One column that is no label, and why."""

    name: str
    reason: str


def known_labels(
    table: LabelTable,
    rows: NDArray[np.int64],
    *,
    key: str | None,
    columns: Sequence[str] = (),
) -> KnownLabels:
    """Make labels of a table's columns.

    Two values make an attribute; text or whole numbers of at most 64 different values, each of at
    least five images, a discrete factor; other numbers a continuous one. Text of more values,
    dates, numbers that only count the rows and columns of one value are left out and named.

    Args:
        table: as it was read.
        rows: the row of each image, -1 where it has none, shape `(num,)`.
        key: the column that names the images; None where there is none.
        columns: to take; all that can be labels where empty.

    Raises:
        UserError: if a column that is asked for is not there or can be no label.
    """
    _check_asked(table, columns)
    split, split_column, notes = _split(table, rows, columns)
    labels: list[Label] = []
    left_out: list[LeftOut] = []
    for name in columns or table.columns:
        if name in (key, split_column) or (not columns and _is_key(table, name)):
            continue
        label = make_label(name, _of_images(table.columns[name], rows), is_asked=bool(columns))
        if isinstance(label, Label):
            labels.append(label)
        elif columns:
            raise UserError(f"column {name!r} of {table.source} is no label: {label.reason}")
        else:
            left_out.append(label)
    attributes = [label for label in labels if label.is_attribute]
    factors = [label for label in labels if not label.is_attribute]
    return KnownLabels(
        attributes=_flags(_stack(attributes, len(rows))),
        attribute_names=tuple(label.name for label in attributes),
        factors=_stack(factors, len(rows)),
        factor_names=tuple(label.name for label in factors),
        factor_levels={label.name: label.levels for label in factors if label.levels},
        split=split,
        notes=(*notes, *_level_notes(factors), *_left_out_notes(left_out)),
    )


def make_label(name: str, column: Column, *, is_asked: bool = False) -> Label | LeftOut:
    """Make a label of a column, or say why it is none.

    Args:
        name: of the column.
        column: a cell for each image; empty or NaN where missing.
        is_asked: whether the user chose it: then rare values are no reason to leave it out.
    """
    numbers = as_numbers(column)
    if numbers is not None:
        return _label_of_numbers(name, numbers, is_asked)
    assert isinstance(column, list), "numbers are handled above"
    if max(map(len, column), default=0) > MAX_LETTERS:
        return LeftOut(name, f"text of more than {MAX_LETTERS:,} letters")
    texts = np.array([_known(text) for text in column])
    levels, places = np.unique(texts, return_inverse=True)
    counts = np.bincount(places, minlength=len(levels))[levels != ""]
    known = levels[levels != ""].tolist()
    if len(known) < 2:
        return LeftOut(name, "one value")
    if len(known) == 2:
        return _attribute_of_texts(name, texts, known)
    if sum(_DATE.fullmatch(text) is not None for text in known) > 0.9 * len(known):
        return LeftOut(name, "dates")
    if len(known) > MAX_LEVELS:
        return LeftOut(name, f"text of more than {MAX_LEVELS} values")
    if counts.min() < MIN_LEVEL_IMAGES and not is_asked:
        return LeftOut(name, f"text, some value of which has fewer than {MIN_LEVEL_IMAGES} images")
    number = {text: float(i) for i, text in enumerate(known)} | {"": np.nan}
    values = np.array([number[text] for text in texts.tolist()])
    return Label(name, values, is_attribute=False, levels=tuple(known))


def as_numbers(column: Column) -> FloatArray | None:
    """Read a column as numbers, NaN where missing; None if some cell is no number."""
    if not isinstance(column, list):
        return column.astype(np.float64)
    value: dict[str, float] = {}
    for text in set(column):
        number = _number(text)
        if number is None:
            return None
        value[text] = number
    return np.array([value[text] for text in column])


def _number(text: str) -> float | None:
    """Read a number, with a decimal comma too; NaN where missing, None if it is none."""
    if text.lower() in MISSING or text in ("?", "-"):
        return np.nan
    if _DECIMAL_COMMA.fullmatch(text):
        text = text.replace(",", ".")
    try:
        number = float(text)
    except ValueError:
        return None
    return number if np.isfinite(number) and "_" not in text else None


def _known(text: str) -> str:
    return "" if text.lower() in MISSING else text


def _label_of_numbers(name: str, values: FloatArray, is_asked: bool) -> Label | LeftOut:
    known = values[np.isfinite(values)]
    levels = np.unique(known)
    if len(levels) < 2:
        return LeftOut(name, "one value")
    if len(levels) == 2:
        flags = np.where(np.isfinite(values), values == levels[1], np.nan)
        return Label(_flag_name(name, levels), flags, is_attribute=True)
    is_whole = bool((levels == np.round(levels)).all())
    if is_whole and not is_asked:
        steps = np.diff(known)
        if len(levels) == len(known) and (bool((steps > 0).all()) or bool((steps < 0).all())):
            return LeftOut(name, "numbers that count the images")
    return Label(name, values, is_attribute=False)


def _flag_name(name: str, levels: FloatArray) -> str:
    """Name an attribute of two numbers; one that is not 0 or -1 and 1 says what it stands for."""
    if levels.tolist() in ([0, 1], [-1, 1]):
        return name
    return f"{name}: {levels[1]:g}"


def _attribute_of_texts(name: str, texts: NDArray[np.str_], known: list[str]) -> Label:
    """Make an attribute of two texts: yes is 1; of others the second of the alphabet."""
    first, second = (text.lower() for text in known)
    positive, label = known[1], f"{name}: {known[1]}"
    if {first, second} & YES and {first, second} & NO:
        positive, label = (known[0] if first in YES else known[1]), name
    values = np.where(texts == "", np.nan, texts == positive)
    return Label(label, values, is_attribute=True)


def _flags(values: FloatArray) -> NDArray[np.int8]:
    return np.where(np.isfinite(values), values, -1).astype(np.int8)


def _stack(labels: Sequence[Label], num: int) -> FloatArray:
    """Put labels side by side, shape `(num, num_labels)`."""
    return np.stack([label.values for label in labels], 1) if labels else np.empty((num, 0))


def _of_images(column: Column, rows: NDArray[np.int64]) -> Column:
    """Take the cell of each image; missing where it has no row."""
    if isinstance(column, list):
        return [column[row] if row >= 0 else "" for row in rows.tolist()]
    values = column.astype(np.float64)
    return np.where(rows >= 0, values[rows], np.nan)


def _is_key(table: LabelTable, name: str) -> bool:
    """Whether a column that was not needed to find the images names them all the same."""
    if name.lower() not in KEY_COLUMNS:
        return False
    column = table.columns[name]
    cells = column if isinstance(column, list) else column.tolist()
    return len(set(cells)) == table.num_rows


def _check_asked(table: LabelTable, columns: Sequence[str]) -> None:
    for name in columns:
        if name not in table.columns:
            close = get_close_matches(name, list(table.columns), 1)
            hint = f"did you mean {close[0]!r}?" if close else "it has " + ", ".join(table.columns)
            raise UserError(f"{table.source} has no column {name!r}; {hint}")


def _split(
    table: LabelTable, rows: NDArray[np.int64], columns: Sequence[str]
) -> tuple[NDArray[np.int8] | None, str, tuple[str, ...]]:
    """Find the column of splits, if there is one, and read it."""
    name = next((name for name in table.columns if name.lower() in SPLIT_COLUMNS), "")
    if not name or name in columns:
        return None, "", ()
    cells = _of_images(table.columns[name], rows)
    texts = cells if isinstance(cells, list) else _whole_texts(cells)
    position = {text: _position(name, text) for text in set(texts)}
    unknown = sorted(text for text, place in position.items() if place is None)
    if unknown or len({place for place in position.values() if place != -1}) < 2:
        why = f"{unknown[0]!r} is no split" if unknown else "it names one split"
        note = f"the column {name} of {table.source} is not taken as splits: {why}"
        return None, "", (note,)
    split = np.array([position[text] for text in texts], np.int8)
    return split, name, (f"splits as given by the column {name} of {table.source}",)


def _position(column: str, text: str) -> int | None:
    """The split that a text stands for, -1 where it is missing, None if it is none."""
    if _known(text) == "":
        return -1
    if column.lower() in NUMBERED_SPLITS and text in ("0", "1", "2"):
        return int(text)
    return split_position(text)


def _whole_texts(values: NDArray[np.generic]) -> list[str]:
    return ["" if value != value else f"{value:g}" for value in values.tolist()]


def _level_notes(factors: Sequence[Label]) -> tuple[str, ...]:
    return tuple(level_note(label.name, label.levels) for label in factors if label.levels)


def level_note(name: str, levels: Sequence[str]) -> str:
    """Say which number stands for which text."""
    texts = ", ".join(f"{i} is {text!r}" for i, text in enumerate(levels[:MAX_TEXTS]))
    more = f" and {len(levels) - MAX_TEXTS} more" if len(levels) > MAX_TEXTS else ""
    return f"{name} is text, numbered in the order of the alphabet: {texts}{more}"


def _left_out_notes(left_out: Sequence[LeftOut]) -> tuple[str, ...]:
    """Name the columns that were left out, a line for each reason."""
    by_reason: dict[str, list[str]] = {}
    for name, reason in left_out:
        by_reason.setdefault(reason, []).append(name)
    notes = []
    for reason, names in by_reason.items():
        more = f" and {len(names) - MAX_NAMED} more" if len(names) > MAX_NAMED else ""
        listed = ", ".join(names[:MAX_NAMED])
        can_be_asked = "fewer than" in reason or "count" in reason
        hint = "; --label-columns takes it all the same" if can_be_asked else ""
        notes.append(f"column not used as a label: {listed}{more} ({reason}){hint}")
    return tuple(notes)
