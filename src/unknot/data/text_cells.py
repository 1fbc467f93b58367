"""Text in the cells of tables: no spreadsheet takes it for a formula, and it is read as it was.

A spreadsheet computes what begins with one of six characters, whoever wrote it. Such text gets an
apostrophe before it; so does text that already has one there, so that taking one off gives back
what was written. Numbers are never quoted.
"""

import re

APOSTROPHE = "'"
_FORMULA = re.compile("'*[=+\\-@\t\r]")
_QUOTED = re.compile("'+[=+\\-@\t\r]")


def quoted_cell(text: str) -> str:
    """Quote text that a spreadsheet would compute."""
    return APOSTROPHE + text if _FORMULA.match(text) else text


def unquoted_cell(cell: str) -> str:
    """Give back the text that `quoted_cell` quoted."""
    return cell[1:] if _QUOTED.match(cell) else cell
