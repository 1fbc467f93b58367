"""Text in the cells of tables."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unknot.data.text_cells import quoted_cell, unquoted_cell

TEXTS = st.text(alphabet="'=+-@\t\ra1 \n\"", max_size=6) | st.text()


@pytest.mark.parametrize("mark", list("=+-@\t\r"))
def test_text_that_a_spreadsheet_would_compute_is_quoted(mark: str) -> None:
    assert quoted_cell(f"{mark}cmd|' /C calc'!A0") == f"'{mark}cmd|' /C calc'!A0"


@pytest.mark.parametrize("text", ["", "a=b", "face 3.png", "'tis", "1-2", "°", " =1"])
def test_other_text_stays_as_it_is(text: str) -> None:
    assert quoted_cell(text) == unquoted_cell(text) == text


@given(TEXTS)
def test_every_text_is_read_as_it_was_written(text: str) -> None:
    cell = quoted_cell(text)
    assert unquoted_cell(cell) == text
    assert not cell.startswith(tuple("=+-@\t\r"))
