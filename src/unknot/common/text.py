"""Text that any terminal, page or program can take, whatever bytes a file's name has."""

import codecs
import io
import json
import os
import re
import sys
from typing import Any

ESCAPE = "unknot.escape"
"""A handler of encoding errors: what cannot be encoded is written as `\\xe9` or `\\U0001f600`."""


def _escape(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError), "it is used to encode only"
    failed = error.object[error.start : error.end]
    return "".join(map(_escaped, failed)), error.end


def _escaped(character: str) -> str:
    code = ord(character)
    if 0xDC80 <= code <= 0xDCFF:  # a byte of a name that is not UTF-8, as Python holds it
        return f"\\x{code - 0xDC00:02x}"
    return f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


_SURROGATE = re.compile("[\ud800-\udfff]")
codecs.register_error(ESCAPE, _escape)


def on_one_line(text: str) -> str:
    """Escape what is not to be printed: a name may hold line feeds and commands to terminals."""
    return text if text.isprintable() else "".join(map(_printable, text))


def printable_lines(text: str) -> str:
    """Escape what is not to be printed in each line of a text, and leave the lines apart."""
    return text if text.isprintable() else "\n".join(map(on_one_line, text.split("\n")))


def _printable(character: str) -> str:
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else _escaped(character)


def shortened(text: str, most: int = 2_000) -> str:
    """Leave out the middle of a text that nobody would read to its end.

    Args:
        text: of any length.
        most: characters that stay, half of them from each end.
    """
    if len(text) <= most:
        return text
    return f"{text[: most // 2]} [{len(text) - most:,} more] {text[-(most // 2) :]}"


def is_name(text: str) -> bool:
    """Whether a file could be called this: no NUL, no half of a pair of UTF-16."""
    try:
        return b"\0" not in os.fsencode(text)
    except UnicodeEncodeError:
        return False


def shown(text: str) -> str:
    """Escape what UTF-8 cannot hold: bytes of names that are not UTF-8 themselves."""
    return text if text.isascii() else text.encode("utf-8", ESCAPE).decode()


def json_text(document: Any) -> str:
    """Write a document as JSON of ASCII alone, escaping what no program should have to take."""
    text = json.dumps(document, indent=2, ensure_ascii=False)
    if text.isascii():
        return text
    whole = _SURROGATE.sub(lambda match: "\\" + _escaped(match[0]), text)
    return json.dumps(json.loads(whole), indent=2)


def escape_output() -> None:
    """Have what the terminal's encoding cannot show written with escapes, never an error."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors=ESCAPE)
