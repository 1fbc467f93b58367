"""Whether a command that a file brings along is one of unknot's and nothing else.

The page shows a command with a button that copies it; a stranger's file may hold any.
"""

import ast
import shlex

LONGEST = 5_000  # characters
END = ", ...)"
"""Of a call whose other arguments are left to the reader."""


def is_own_command(text: str) -> bool:
    """Whether a text is one command line of unknot's, or one call of its library with plain values.

    No shell and no Python finds anything in it that does more.
    """
    if len(text) > LONGEST or not text.isprintable():
        return False
    return _is_command_line(text) or _is_call(text)


def _is_command_line(text: str) -> bool:
    try:
        arguments = shlex.split(text)
    except ValueError:
        return False
    return arguments[:1] == ["unknot"] and shlex.join(arguments) == text


def _is_call(text: str) -> bool:
    if text.endswith(END):
        text = f"{text.removesuffix(END)})"
    try:
        call = ast.parse(text, mode="eval").body
        if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Attribute)):
            return False
        values = [item.value for item in call.keywords]
        values += [value for value in call.args if not isinstance(value, ast.Name)]
        for value in values:
            ast.literal_eval(value)
    except (SyntaxError, ValueError, TypeError, RecursionError, MemoryError):
        return False
    return isinstance(call.func.value, ast.Name) and call.func.value.id == "unknot"
