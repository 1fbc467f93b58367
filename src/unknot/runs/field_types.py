"""Whether a document that was read back has the types that its dataclasses are annotated with."""

import types
from collections.abc import Mapping, Sequence
from dataclasses import is_dataclass
from functools import cache
from typing import Any, Literal, Union, get_args, get_origin, get_type_hints, is_typeddict

import numpy as np
from numpy.typing import NDArray

from unknot.common.reading import UnfitError

LARGEST = 2**63
"""Of whole numbers; what is larger NumPy cannot hold."""
MOST_SHOWN = 60
"""Characters of a value that an error shows."""


def check_fields(document: Any) -> None:
    """Check every field of a document, at any depth, against its annotation.

    Whole numbers may stand for others. NaN and infinities are numbers here: whoever cannot take
    them says so himself, by `check_finite`.

    Args:
        document: a dataclass or a NamedTuple.

    Raises:
        UnfitError: names the first field that does not fit.
    """
    kind: Any = type(document)
    for name, hint in _hints(kind).items():
        _check(getattr(document, name), hint, name)


def check_table(table: Any, kind: type) -> None:
    """Check a dictionary against a `TypedDict`; further keys may stand in it.

    Args:
        table: as it was read.
        kind: a `TypedDict`.

    Raises:
        UnfitError: names the first key that is missing or does not fit.
    """
    _check(table, kind, "")


def read_array(
    document: Mapping[str, Any], name: str, shape: tuple[int, ...], kind: type = np.float64
) -> NDArray[Any]:
    """Take an array out of a document, in which it stands as lists in lists, None for NaN.

    Args:
        document: as it was read.
        name: of the array.
        shape: that it has to have.
        kind: of its numbers.

    Raises:
        UnfitError: names the field, if it is no such array.
    """
    try:
        array: NDArray[Any] = np.array(document[name], kind)
    except (TypeError, ValueError):
        raise UnfitError(f"field {name!r} is no array of numbers") from None
    if array.size == 0 and 0 in shape:
        return array.reshape(shape)
    if array.shape != shape:
        raise UnfitError(f"field {name!r} has the shape {array.shape}; it should be {shape}")
    return array


def check_finite(name: str, *values: float) -> None:
    """Refuse what is no finite number.

    Raises:
        UnfitError: names the field.
    """
    if not all(np.isfinite(value) for value in values):
        raise UnfitError(f"field {name!r} holds what is not a finite number")


def check_least(name: str, least: float, *values: float) -> None:
    """Refuse what is below the least that can be, and what is no number.

    Raises:
        UnfitError: names the field.
    """
    for value in values:
        if not value >= least:
            raise UnfitError(f"field {name!r} is {_shown(value)}; the least is {least:g}")


@cache
def _hints(kind: Any) -> dict[str, Any]:
    names = kind.__dict__.get("__dataclass_fields__") or getattr(kind, "_fields", ())
    hints = get_type_hints(kind)
    return {name: hints[name] for name in (names or hints)}


def _check(value: Any, hint: Any, where: str) -> None:
    """Check one value against its annotation."""
    if hint in (float, str) and type(value) is hint:  # most values: nothing else is to be asked
        return
    origin, inner = get_origin(hint), get_args(hint)
    if hint is Any:
        return
    if origin in (Union, types.UnionType):
        _check_union(value, inner, where)
    elif origin is Literal:
        _expect(value in inner, value, where, f"one of {', '.join(map(repr, inner))}")
    elif origin is np.ndarray:
        _expect(isinstance(value, np.ndarray), value, where, "an array")
    elif origin is tuple:
        _check_tuple(value, inner, where)
    elif origin is not None and issubclass(origin, Mapping):
        _expect(isinstance(value, Mapping), value, where, "a table")
        for key, item in value.items():
            _check(item, inner[1], f"{where}.{key}")
    elif origin is not None and issubclass(origin, Sequence):
        _expect(isinstance(value, list | tuple), value, where, "a list")
        for item in value:
            _check(item, inner[0], where)
    else:
        _check_plain(value, hint, where)


def _check_union(value: Any, hints: Sequence[Any], where: str) -> None:
    if value is None and type(None) in hints:
        return
    others = [hint for hint in hints if hint is not type(None)]
    for hint in others[:-1]:
        try:
            return _check(value, hint, where)
        except UnfitError:
            continue
    _check(value, others[-1], where)


def _check_tuple(value: Any, inner: Sequence[Any], where: str) -> None:
    _expect(isinstance(value, list | tuple), value, where, "a list")
    if len(inner) == 2 and inner[1] is Ellipsis:
        inner = [inner[0]] * len(value)
    _expect(len(value) == len(inner), value, where, f"a list of {len(inner)}")
    for item, hint in zip(value, inner):
        _check(item, hint, where)


def _check_plain(value: Any, hint: Any, where: str) -> None:
    """Check a value whose annotation is a class."""
    is_number = isinstance(value, int | float | np.number) and not isinstance(value, bool)
    if hint is float:
        _expect(is_number and _is_in_range(value), value, where, "a number")
    elif hint is int:
        is_whole = isinstance(value, int | np.integer) and is_number
        _expect(is_whole and _is_in_range(value), value, where, "a whole number")
    elif hint is bool:
        _expect(isinstance(value, bool | np.bool_), value, where, "true or false")
    elif hint is str:
        _expect(isinstance(value, str), value, where, "text")
    elif is_typeddict(hint):
        _expect(isinstance(value, Mapping), value, where, "a table")
        for name, item in _hints(hint).items():
            _expect(name in value, value, where, f"a table with {name!r}")
            _check(value[name], item, f"{where}.{name}".lstrip("."))
    elif is_dataclass(hint) or hasattr(hint, "_fields"):
        _expect(isinstance(value, hint), value, where, "of another kind")
        kind: Any = type(value)
        for name, item in _hints(kind).items():
            _check(getattr(value, name), item, f"{where}.{name}")


def _is_in_range(value: Any) -> bool:
    """Whether NumPy can hold a number; floats are as they are."""
    return not isinstance(value, int) or abs(value) < LARGEST


def _expect(fits: bool, value: Any, where: str, expected: str) -> None:
    if not fits:
        place = f"field {where!r}" if where else "it"
        raise UnfitError(f"{place} is {_shown(value)}; it should be {expected}")


def _shown(value: Any) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and abs(value) >= LARGEST:
        return "a number that is too large"
    text = repr(value)
    return text if len(text) <= MOST_SHOWN else f"{text[:MOST_SHOWN]}…"
