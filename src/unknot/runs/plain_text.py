"""Text of strangers in pages and cards: it is shown as it stands, and is nothing but text.

Characters that cannot be seen or that turn the text around are shown as escapes, and what Markdown
would take for markup is escaped.
"""

import re

from unknot.common.text import on_one_line

MOST_CHARACTERS = 300
"""Of a name that is shown: a longer one is cut."""
_HIDDEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff]"
)
_MARKDOWN = re.compile(r"[\\`*_{}\[\]()<>#+\-.!|~&$:@/=]")
_BACKTICKS = re.compile("`+")


def legible(text: str) -> str:
    r"""Escape control characters but line feeds and tabs, and those that turn text around.

    Args:
        text: may hold bytes of names that are not UTF-8, as Python has them.

    Returns:
        Text that UTF-8 can hold, in which U+202E is `\u202e`.
    """
    return text if text.isprintable() else _HIDDEN.sub(lambda match: on_one_line(match[0]), text)


def shortened(text: str, most_characters: int = MOST_CHARACTERS) -> str:
    """Cut a name or a text that no page has room for, and tell its length."""
    if len(text) <= most_characters:
        return text
    return f"{text[:most_characters]}… ({len(text):,} characters)"


def markdown_text(text: str) -> str:
    """Escape text for a line of Markdown: no part of it is markup, a link or HTML."""
    return _MARKDOWN.sub(lambda match: f"\\{match[0]}", on_one_line(text))


def markdown_code(text: str) -> str:
    """Put a name into a span of code, which nothing in it can end."""
    ticks = "`" * (_longest_run(text) + 1)
    space = " " if text.startswith("`") or text.endswith("`") else ""
    return f"{ticks}{space}{on_one_line(text)}{space}{ticks}"


def markdown_block(text: str, language: str) -> str:
    """Put text into a block of code that nothing in it can end.

    Args:
        text: of several lines.
        language: that it is written in, for colors.
    """
    fence = "`" * max(3, _longest_run(text) + 1)
    return f"{fence}{language}\n{legible(text)}{fence}"


def _longest_run(text: str) -> int:
    """Count the backticks that stand side by side."""
    return max((len(ticks) for ticks in _BACKTICKS.findall(text)), default=0)
