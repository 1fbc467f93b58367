"""Names of plug-ins."""

import math

import pytest

from unknot.common.errors import UserError
from unknot.common.plugins import check_choice, load_plugin

ENTRIES = {"root": "math:sqrt", "broken": "no_such_module:thing"}


def test_an_entry_is_imported_when_it_is_used() -> None:
    assert load_plugin("function", "root", ENTRIES) is math.sqrt
    with pytest.raises(ModuleNotFoundError):
        load_plugin("function", "broken", ENTRIES)


def test_an_unknown_name_is_one_line_with_the_closest() -> None:
    with pytest.raises(UserError) as caught:
        load_plugin("function", "rot", ENTRIES)
    assert str(caught.value) == "function is 'rot'; did you mean 'root'? it can be root, broken"
    with pytest.raises(UserError, match=r"^function is 3; it can be root, broken$"):
        check_choice("function", 3, ENTRIES)


def test_a_known_choice_passes() -> None:
    check_choice("size", 32, (32, 64))
