"""Options of an engine, as they are typed: `--engine-option time=2:00:00 gpus=1`."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any

from unknot.common.errors import UserError
from unknot.common.plugins import load_plugin
from unknot.experiments.engines import ENGINES


def engine_options(engine: str, words: Sequence[str]) -> dict[str, Any]:
    """Read options of an engine; whether it has them is found out where it is built.

    Args:
        engine: a name in `ENGINES`.
        words: `NAME=VALUE` each.

    Raises:
        UserError: names what is no such word, or no number where one belongs.
    """
    if not words:
        return {}
    defaults = {item.name: item.default for item in fields(load_plugin("engine", engine, ENGINES))}
    options: dict[str, Any] = {}
    for word in words:
        name, equals, value = word.partition("=")
        if not (name and equals):
            raise UserError(
                f"--engine-option takes NAME=VALUE, such as time=2:00:00; it was given {word!r}"
            )
        options[name] = _read(name, value, defaults.get(name))
    return options


def _read(name: str, value: str, default: Any) -> Any:
    """Read a value of the kind that an option's default has."""
    if type(default) not in (int, float):
        return value
    try:
        if not value.isascii():
            raise ValueError
        return type(default)(value)
    except ValueError:
        kind = "a whole number" if type(default) is int else "a number"
        raise UserError(f"engine option {name} is {value!r}; it must be {kind}") from None
