"""Frozen dataclasses to TOML and back, with errors that name file and key."""

import difflib
import re
import tomllib
from dataclasses import asdict, fields, is_dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_type_hints

import tomli_w

from unknot.common.errors import UserError

MOST_BYTES = 1 << 20  # of a file; a description of a thousand runs has 20,000
MOST_DEEP = 30  # tables in tables; the reader's time grows with the square
DOTS = re.compile(r"\.{2,}")


def to_toml(config: Any) -> str:
    """Write a configuration as TOML; `from_toml` reads it back."""
    return tomli_w.dumps(_without_empty(asdict(config)))


def from_toml(kind: type, path: Path) -> Any:
    """Read a configuration.

    Args:
        kind: a dataclass. If it has a static method `upgrade(table)`, that turns what earlier
            versions wrote into today's keys.
        path: a TOML file; keys that are left out have their defaults.

    Raises:
        UserError: if it cannot be read, has an unknown key, or a value that does not fit.
    """
    return build_named(kind, read_table(path), path)


def build_named(kind: type, table: dict[str, Any], path: Path) -> Any:
    """Build a dataclass from a file's table, and name the file in every error.

    Args:
        kind: the dataclass.
        table: its fields.
        path: of the file.

    Raises:
        UserError: if a key is unknown, or a value does not fit.
    """
    try:
        return build(kind, table, str(path))
    except UserError as error:
        message = str(error)
        named = message if message.startswith(str(path)) else f"{path}: {message}"
        raise UserError(named) from None


def read_table(path: Path) -> dict[str, Any]:
    """Read a TOML file.

    Raises:
        UserError: if it cannot be read or is not TOML.
    """
    from unknot.common.reading import read_file  # NumPy, which help does without

    text = read_file(path, most_bytes=MOST_BYTES).decode("utf-8", "surrogateescape")
    if max(part.count(".") for part in re.split(r"[\n,=\[\]{}]", DOTS.sub("", text))) > MOST_DEEP:
        raise UserError(f"{path}: a key is nested more than {MOST_DEEP} deep; nobody asks for that")
    try:
        table = tomllib.loads(text)
    except RecursionError:
        raise UserError(f"{path} is not valid TOML: it is nested too deeply") from None
    except ValueError as error:  # TOMLDecodeError too
        raise UserError(f"{path} is not valid TOML: {error}") from None
    _check_values(table, str(path), 0)
    return table


def _check_values(value: Any, where: str, depth: int) -> None:
    """Refuse what TOML lets through and nothing else takes: endless numbers, depths, NULs."""
    if depth > MOST_DEEP:
        raise UserError(f"{where} is nested more than {MOST_DEEP} deep; nobody asks for that")
    if isinstance(value, dict):
        for key, inner in value.items():
            _check_values(key, f"{where}: a key", depth)
            _check_values(inner, f"{where}: {key}", depth + 1)
    elif isinstance(value, list):
        for inner in value:
            _check_values(inner, where, depth + 1)
    elif isinstance(value, str) and "\0" in value:
        raise UserError(f"{where} is {value!r}; a text cannot hold the character NUL")
    elif isinstance(value, int) and not -(2**63) <= value < 2**63:
        raise UserError(f"{where} is a whole number of more than 64 bits; give a smaller one")


def build(kind: type, table: dict[str, Any], where: str) -> Any:
    """Build a dataclass from a table of TOML.

    Args:
        kind: the dataclass.
        table: its fields.
        where: the table stands, for errors.

    Raises:
        UserError: names the key that is unknown, or whose value does not fit.
    """
    hints = type_hints(kind)
    upgrade = getattr(kind, "upgrade", None)
    values = {}
    for key, value in (upgrade(table) if upgrade else table).items():
        if key not in hints:
            close = difflib.get_close_matches(key, hints, 1)
            hint = f"did you mean {close[0]!r}?" if close else f"known: {', '.join(hints)}"
            raise UserError(f"{where}: unknown key {key!r}; {hint}")
        values[key] = _fit(hints[key], value, f"{where}: {key}")
    return kind(**values)


@cache
def type_hints(kind: type) -> dict[str, Any]:
    """Give the types of a dataclass's fields; a thousand runs ask for them often."""
    return get_type_hints(kind)


def first_difference(old: Any, new: Any, ignored: tuple[str, ...] = ()) -> str | None:
    """Describe the first field in which two configurations differ; None if they agree.

    Args:
        old: a dataclass.
        new: another of the same kind.
        ignored: names of fields, at any depth, that are not compared.
    """
    for item in fields(old):
        before, after = getattr(old, item.name), getattr(new, item.name)
        if item.name in ignored:
            continue
        if is_dataclass(before):
            inner = first_difference(before, after, ignored)
            if inner:
                return inner
        elif before != after:
            return f"{item.name} is {before!r} there and {after!r} here"
    return None


def _fit(hint: Any, value: Any, where: str) -> Any:
    """Turn one TOML value into the type of its field."""
    if is_dataclass(hint) and isinstance(hint, type):
        if not isinstance(value, dict):
            raise UserError(f"{where} must be a table")
        return build(hint, value, where)
    text = str(hint)
    if text.startswith("dict"):
        if not isinstance(value, dict):
            raise UserError(f"{where} must be a table")
        inner = hint.__args__[1]
        return {k: v if inner is Any else _fit(inner, v, f"{where}.{k}") for k, v in value.items()}
    if text.startswith("tuple"):
        if not isinstance(value, list):
            raise UserError(f"{where} is {value!r}; give a list")
        return tuple(_fit(hint.__args__[0], item, where) for item in value)
    if hint is bool:
        if isinstance(value, bool):
            return value
        raise UserError(f"{where} is {value!r}; it must be true or false")
    is_text = "str" in text or "Literal" in text
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    if is_text and isinstance(value, str):
        return value
    if hint is str and is_number:
        return str(value)  # crop = 148
    if hint == int | str:
        return value  # size = 64, which the dataclass checks
    if not is_text and "float" in text and is_number:
        return float(value)
    if not is_text and "int" in text and isinstance(value, int) and is_number:
        return value
    expected = "text" if is_text else "a number" if "float" in text else "a whole number"
    raise UserError(f"{where} is {value!r}; it must be {expected}")


def _without_empty(table: dict[str, Any]) -> dict[str, Any]:
    """Leave out what TOML cannot say (None) and options of which none is set."""
    return {
        key: _without_empty(value) if isinstance(value, dict) else value
        for key, value in table.items()
        if value is not None and value != {}
    }
