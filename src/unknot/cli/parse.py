"""What was typed, as the options of a command; what the parser refuses is one line, as all errors.

tyro draws a box. Its hook for errors gives what the box is about, and the line is written here: the
option, what was typed, what it takes, and where that is described. The hook is no part of tyro's
public interface: where a version has none, or says something new, its box is put on one line.
"""

import io
import re
import types
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager, nullcontext, redirect_stderr, suppress
from dataclasses import is_dataclass
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Literal, NoReturn, Union, get_args, get_origin, get_type_hints

import tyro

from unknot.common.errors import UserError
from unknot.common.text import is_name, shortened

MOST_WORDS = 20_000  # the parser takes 20 s for a million
OPTION = re.compile(r"--?[^\W\d]")
FRAME = re.compile(r"[╭╮╰╯│─]+|^[+|-]+|[+|-]+$", re.MULTILINE)
WORDS = {int: "a whole number", float: "a number", str: "text", Path: "a path"}
MANY_WORDS = {int: "whole numbers", float: "numbers", str: "texts", Path: "paths"}
"""Type -> what is to be typed."""


def parse_options(command: str, kind: type, words: Sequence[str], default: Any) -> Any:
    """Turn what was typed into the options of a command.

    Args:
        command: its name.
        kind: the dataclass of its options.
        words: that were typed after the name.
        default: of the options, or tyro's mark that there is none.

    Raises:
        UserError: in the place of the parser's box.
        SystemExit: with status 0, when the help was printed.
    """
    refusal = Refusal(command, kind, words)
    box = io.StringIO()
    try:
        with redirect_stderr(box), _hooked(refusal.raise_for):
            return tyro.cli(
                kind,
                prog=f"unknot {command}",
                args=words,
                default=default,
                config=(tyro.conf.OmitArgPrefixes, tyro.conf.HelptextFromCommentsOff),
            )
    except SystemExit as ended:
        if ended.code == 0:
            raise
        raise UserError(" ".join(FRAME.sub(" ", box.getvalue()).split())) from None


def check_words(command: str, words: Sequence[str]) -> None:
    """Refuse words that can be no name of a file, and options that are tyro's alone.

    Args:
        command: the name of the command.
        words: that were typed after it.

    Raises:
        UserError: names the first of them.
    """
    if len(words) > MOST_WORDS:
        raise UserError(
            f"{len(words):,} words are typed, more than {MOST_WORDS:,}; long lists stand in a file "
            f"(unknot {command} --help, --config)"
        )
    for word in words:
        if not is_name(word):
            problem = f"{_quoted([word])} holds a character that no name can have"
            raise UserError(f"{problem} (unknot {command} --help)")
        if word.replace("_", "-").startswith("--tyro-"):
            raise UserError(f"unknot {command} has no option {_quoted([word])}")


def _hooked(hook: Callable[[Any], None]) -> AbstractContextManager[None]:
    """Have tyro call `hook` before it draws a box, where its version can."""
    events: Any = getattr(tyro, "_errors", None)
    if not hasattr(events, "on_parse_error"):
        return nullcontext()
    hooked: AbstractContextManager[None] = events.on_parse_error(hook)
    return hooked


class Refusal:
    """What is said of words that the parser does not take.

    Args:
        command: the name of the command.
        kind: the dataclass of its options.
        words: that were typed after the name.
    """

    def __init__(self, command: str, kind: type, words: Sequence[str]) -> None:
        self._command, self._words = command, list(words)
        self._types = dict(option_types(kind))

    def raise_for(self, event: Any) -> None:
        """Raise what there is to say; events that are not known here are left to tyro.

        Args:
            event: of tyro's, whose attributes may change with its version.

        Raises:
            UserError: as said.
        """
        unknown = self._unknown_option()
        if unknown:
            self._refuse(self._no_such_option(unknown))
        with suppress(AttributeError, KeyError):  # another version has other events
            self._raise_for_known(event)

    def _raise_for_known(self, event: Any) -> None:
        name = type(event).__name__
        if name == "UnrecognizedArgs":
            self._refuse(f"{_quoted(event.tokens[:1])} is one argument too many")
        if name == "MissingArgs":
            missing = [each.arg.lowered.metavar for each in event.missing_arguments]
            self._refuse(f"{' and '.join(missing)} must be given")
        if name in ("BadValue", "InvalidChoice", "InstantiationFailure") and event.argument:
            self._refuse(self._bad_value(event.argument))

    def _refuse(self, problem: str) -> NoReturn:
        raise UserError(f"{problem} (unknot {self._command} --help)")

    def _unknown_option(self) -> str | None:
        """Find the first word that looks like an option and is none."""
        typed = self._words[: self._words.index("--")] if "--" in self._words else self._words
        names = [word.split("=")[0] for word in typed if OPTION.match(word)]
        unknown = (name for name in names if name.replace("_", "-") not in self._types)
        return next((name for name in unknown if not _fits(float, name)), None)  # -inf is a number

    def _no_such_option(self, name: str) -> str:
        close = get_close_matches(name, self._types, 1)
        hint = f"; did you mean {close[0]}?" if close else ""
        return f"unknot {self._command} has no option {_quoted([name])}{hint}"

    def _bad_value(self, argument: Any) -> str:
        if argument.is_positional():
            name, kind = argument.lowered.metavar, self._types[f"--{argument.display_name()}"]
            values = [word for word in self._words if not OPTION.match(word)]
            values = [word for word in values if not _fits(int, word)][-1:] if kind is int else []
        else:
            name = argument.display_name()
            kind, values = self._types[name], self._values_of(name)
        typed = f"is {_quoted(values)}" if values else "has no value"
        return f"{name} {typed}; it takes {_allowed(kind)}"

    def _values_of(self, option: str) -> list[str]:
        """Find what was typed last for an option."""
        values: list[str] = []
        is_open = False
        for word in self._words:
            if OPTION.match(word) and not _fits(float, word):
                name, equals, value = word.partition("=")
                is_open = name.replace("_", "-") == option
                values = ([value] if equals else []) if is_open else values
            elif is_open:
                values.append(word)
        return values


def option_types(kind: type) -> list[tuple[str, Any]]:
    """List the options and arguments of a command with their types, those of its groups too.

    Args:
        kind: the dataclass of its options.
    """
    types_of: list[tuple[str, Any]] = []
    for name, hint in get_type_hints(kind).items():
        is_group = is_dataclass(hint) and isinstance(hint, type)
        types_of += option_types(hint) if is_group else [(f"--{name.replace('_', '-')}", hint)]
    return types_of


def _fits(kind: Callable[[str], Any], text: str) -> bool:
    try:
        kind(text)
    except ValueError:
        return False
    return True


def _quoted(values: Sequence[str]) -> str:
    return shortened(" ".join(map(repr, values)), 200)


def _allowed(kind: Any) -> str:
    """Say in words what an option takes."""
    parts = get_args(kind)
    if get_origin(kind) in (Union, types.UnionType):
        return " or ".join(_allowed(part) for part in parts if part is not type(None))
    if get_origin(kind) is Literal:
        return ", ".join(map(str, parts)) if len(parts) == 1 else f"one of {', '.join(parts)}"
    if get_origin(kind) in (tuple, list):
        num = "" if Ellipsis in parts or len(parts) == 1 else f"{len(parts)} "
        return f"{num}{MANY_WORDS[parts[0]]}"
    return WORDS.get(kind, "no value")
