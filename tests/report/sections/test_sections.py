"""Sections are found by their names, each with its HTML piece beside it."""

import inspect
from pathlib import Path

import pytest

from unknot.common.errors import UserError
from unknot.report.sections import SECTIONS, find_section


@pytest.mark.parametrize("name", SECTIONS)
def test_a_section_has_its_piece_beside_it(name: str) -> None:
    source = Path(inspect.getfile(find_section(name)))
    assert source.with_name(f"{name}.html").is_file()


def test_what_is_no_section_is_named() -> None:
    with pytest.raises(UserError, match="section is 'answer'; did you mean 'answers'"):
        find_section("answer")
