"""Spans of time as people write them: `2h`, `90m`, `1h30m`."""

import re

from unknot.common.errors import UserError

SECONDS = {"d": 86_400, "h": 3_600, "m": 60, "s": 1}
PART = re.compile(r"(\d+(?:\.\d+)?)\s*(d|h|m|s)(?:ays?|ours?|in(?:utes?)?|ec(?:onds?)?)?")


def parse_duration(what: str, text: str) -> float:
    """Read a span of time, in seconds.

    Args:
        what: its name in an error.
        text: numbers with `d`, `h`, `m` or `s`, such as `2h`, `90m`, `1h30m`, `1.5 hours`.

    Raises:
        UserError: if it is none, or no longer than nothing.
    """
    rest = PART.sub("", text.lower()).strip()
    seconds = sum(float(number) * SECONDS[unit] for number, unit in PART.findall(text.lower()))
    if rest or seconds <= 0:
        raise UserError(f"{what} is {text!r}; give a time such as 2h, 90m or 1h30m")
    return seconds


def duration_text(seconds: float) -> str:
    """Say a span of time in words, to the minute: 40 seconds, 5 minutes, 1 hour 30 minutes."""
    if seconds < 60:
        return _counted(max(1, round(seconds)), "second")
    minutes = round(seconds / 60)
    hours, minutes = divmod(minutes, 60)
    parts = [_counted(hours, "hour")] if hours else []
    return " ".join([*parts, *([_counted(minutes, "minute")] if minutes else [])])


def _counted(number: int, unit: str) -> str:
    return f"{number} {unit}{'s' * (number != 1)}"
