"""Text that any terminal, page or program can take."""

import io
import json
import sys

import pytest

from unknot.common.text import (
    ESCAPE,
    escape_output,
    is_name,
    json_text,
    on_one_line,
    printable_lines,
    shortened,
    shown,
)


def test_bytes_that_are_no_utf8_are_escaped() -> None:
    name = b"caf\xe9".decode("utf-8", "surrogateescape")
    assert shown(name) == "caf\\xe9"
    assert shown("café 😀") == "café 😀"


def test_json_is_ascii_and_can_be_read_back() -> None:
    name = b"caf\xe9 \xf0\x9f\x98\x80".decode("utf-8", "surrogateescape")
    text = json_text({"name": name, "num": 1.5})
    assert text.isascii()
    assert json.loads(text) == {"name": "caf\\xe9 😀", "num": 1.5}


def test_what_a_terminal_cannot_show_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="cp1252", errors="strict"))
    escape_output()
    assert sys.stdout.errors == ESCAPE
    print("ä 😀 \udce9", flush=True)
    assert raw.getvalue().decode("cp1252").strip() == "ä \\U0001f600 \\xe9"


def test_names_cannot_command_a_terminal() -> None:
    assert on_one_line("a\x1b[31m\nb\u202e.png") == "a\\x1b[31m\\x0ab\\u202e.png"
    assert on_one_line("café 😀") == "café 😀"
    assert on_one_line(b"caf\xe9".decode("utf-8", "surrogateescape")) == "caf\\xe9"


def test_the_middle_of_endless_texts_is_left_out() -> None:
    assert shortened("a" * 10, 10) == "a" * 10
    assert shortened("a" * 500 + "b" * 5_000 + "c" * 500, 1_000) == (
        f"{'a' * 500} [5,000 more] {'c' * 500}"
    )


def test_lines_stay_apart_and_nothing_else_reaches_the_terminal() -> None:
    assert printable_lines("a\n\x1b[31mred\u202e\n") == "a\n\\x1b[31mred\\u202e\n"
    assert printable_lines("café") == "café"


def test_a_name_has_no_nul_and_no_half_of_a_pair() -> None:
    assert is_name("café 😀\n")
    assert is_name(b"\xff".decode("utf-8", "surrogateescape"))
    assert not is_name("a\0b")
    assert not is_name("\ud800")
