"""Values that a configuration refuses."""

import math
from typing import Any, Literal, get_args, get_origin, get_type_hints

from unknot.common.errors import UserError
from unknot.common.plugins import check_choice


def at_least(name: str, value: int, least: int) -> None:
    """Refuse a number below the least that makes sense.

    Raises:
        UserError: names the field.
    """
    if value < least:
        raise UserError(f"{name} is {value}; it must be at least {least}")


def positive(name: str, value: float) -> None:
    """Refuse what is no finite number above 0.

    Raises:
        UserError: names the field.
    """
    if not (math.isfinite(value) and value > 0):
        raise UserError(f"{name} is {value}; it must be a finite number above 0")


def check_choices(config: Any) -> None:
    """Refuse what the `Literal` of its field does not list.

    Args:
        config: a dataclass.

    Raises:
        UserError: names the field and what it can be.
    """
    for name, hint in get_type_hints(type(config)).items():
        value, parts = getattr(config, name), (hint, *get_args(hint))
        choices = [c for part in parts if get_origin(part) is Literal for c in get_args(part)]
        is_left_out = value is None and type(None) in parts
        if choices and not is_left_out:
            check_choice(name, value, choices)
