"""Plug-ins: dictionaries of name -> `module:attribute`, imported when they are used.

So the names stand in one place, and help and checks of names import nothing heavy.
"""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from importlib import import_module
from typing import Any

from unknot.common.errors import UserError


def load_plugin(what: str, name: str, entries: Mapping[str, str]) -> Any:
    """Import an entry of a dictionary of plug-ins.

    Args:
        what: they are, for the error: `"network"`.
        name: of the entry.
        entries: name -> `module:attribute`.

    Raises:
        UserError: if there is no such entry.
    """
    check_choice(what, name, entries)
    module, attribute = entries[name].split(":")
    return getattr(import_module(module), attribute)


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
