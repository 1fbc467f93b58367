"""Plug-ins: dictionaries of name -> `module:attribute`, imported when they are used.

So the names stand in one place, and help and checks of names import nothing heavy.
"""

from collections.abc import Iterable, Mapping
from dataclasses import MISSING, fields
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from unknot.common.errors import UserError


def load_plugin(what: str, name: str, entries: Mapping[str, str]) -> Any:
    """Import an entry of a dictionary of plug-ins.

    Args:
        what: the kind of entry, for errors: `"network"`.
        name: of the entry.
        entries: name -> `module:attribute`.

    Raises:
        UserError: if there is no such entry.
    """
    check_choice(what, name, entries)
    module, attribute = entries[name].split(":")
    return getattr(import_module(module), attribute)


def build_plugin(
    what: str, name: str, entries: Mapping[str, str], options: Mapping[str, Any]
) -> Any:
    """Build an entry that is a dataclass, whose fields are its options.

    Args:
        what: the kind of entry, for errors: `"objective"`.
        name: of the entry.
        entries: name -> `module:class`; every field of the class has a default.
        options: values of its fields; those left out have their defaults.

    Raises:
        UserError: if there is no such entry or option, or an option has another type.
    """
    entry = load_plugin(what, name, entries)
    defaults = {item.name: item.default for item in fields(entry)}
    assert MISSING not in defaults.values(), f"every option of {what} {name} needs a default"
    for option, value in options.items():
        if option not in defaults:
            close = get_close_matches(option, defaults, 1)
            hint = f"did you mean {close[0]!r}? " if close else ""
            raise UserError(
                f"{what} {name} has no option {option!r}; {hint}"
                f"it has {', '.join(defaults) or 'none'}"
            )
        default = defaults[option]
        is_whole_number = type(default) is float and type(value) is int
        if not (is_whole_number or default is None or type(value) is type(default)):
            raise UserError(
                f"option {option} of {what} {name} is {value!r}; it must be like {default!r}"
            )
    return entry(**options)


def check_choice(what: str, name: object, choices: Iterable[str]) -> None:
    """Refuse a name that is not among the choices.

    Raises:
        UserError: names the choices, and the closest of them first.
    """
    known = list(choices)
    if name in known:
        return
    close = get_close_matches(str(name), known, 1)
    hint = f"did you mean {close[0]!r}? " if close else ""
    raise UserError(f"{what} is {name!r}; {hint}it can be {', '.join(known)}")
