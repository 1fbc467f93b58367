"""Text of strangers stays text."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unknot.runs.plain_text import (
    MOST_CHARACTERS,
    legible,
    markdown_block,
    markdown_code,
    markdown_text,
    shortened,
)

HIDDEN = "\x00\x07\x1b\x7f\x85\u061c\u200e\u200f\u2028\u2029\u202a\u202e\u2066\u2069\ufeff\r"


@pytest.mark.parametrize("character", HIDDEN)
def test_what_cannot_be_seen_is_shown_as_an_escape(character: str) -> None:
    assert re.fullmatch(r"a\\(x[0-9a-f]{2}|u[0-9a-f]{4})b", legible(f"a{character}b"))


@pytest.mark.parametrize(
    "text", ["", "two\nlines\tand a tab", "Łódź 東京 עברית", "👩\u200d🔬", "a\u00a0b", "\\u202e"]
)
def test_text_that_can_be_seen_stays_as_it_is(text: str) -> None:
    assert legible(text) == text


@given(st.text())
def test_legible_text_can_be_written_and_stays_legible(text: str) -> None:
    seen = legible(text)
    assert legible(seen.encode().decode()) == seen


def test_a_byte_that_is_not_utf_8_is_shown_as_one() -> None:
    assert legible("caf\udce9") == "caf\\xe9"


def test_a_long_name_is_cut_and_its_length_told() -> None:
    assert shortened("a" * MOST_CHARACTERS) == "a" * MOST_CHARACTERS
    assert shortened("a" * 1_000_000) == f"{'a' * MOST_CHARACTERS}… (1,000,000 characters)"


def test_nothing_in_a_line_of_markdown_is_markup() -> None:
    text = "<b>[x](javascript:alert(1)) `a` **b** # c\n- d ![e](f) http://g"
    assert re.sub(r"\\[^\w\s]", "", markdown_text(text)) == (
        "bxjavascriptalert1 a b  cx0a d ef httpg"
    )


@given(st.text(alphabet="`a ~\n", max_size=12))
def test_no_name_ends_its_span_or_block(name: str) -> None:
    span = markdown_code(name)
    ticks = re.match("`+", span)
    assert ticks
    inner = span[len(ticks[0]) : -len(ticks[0])]
    assert ticks[0] not in re.findall("`+", inner)
    block = markdown_block(name + "\n", "toml").splitlines()
    assert not any(line.strip().startswith(block[-1]) for line in block[1:-1])
