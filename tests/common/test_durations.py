"""Spans of time as people write them."""

import pytest

from unknot.common.durations import duration_text, parse_duration
from unknot.common.errors import UserError


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("2h", 7200),
        ("90m", 5400),
        ("90 min", 5400),
        ("1h30m", 5400),
        ("1.5 hours", 5400),
        ("1d 2H", 93_600),
        ("45s", 45),
    ],
)
def test_a_time_is_read(text: str, seconds: float) -> None:
    assert parse_duration("budget", text) == seconds


@pytest.mark.parametrize("text", ["", "two hours", "2", "0h", "-1h", "2h of it", "1e9"])
def test_what_is_no_time_is_refused_by_name(text: str) -> None:
    with pytest.raises(UserError, match="give a time such as 2h, 90m or 1h30m"):
        parse_duration("budget", text)


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.2, "1 second"),
        (40, "40 seconds"),
        (61, "1 minute"),
        (3600, "1 hour"),
        (5400, "1 hour 30 minutes"),
        (7260, "2 hours 1 minute"),
    ],
)
def test_a_time_is_said_in_words(seconds: float, text: str) -> None:
    assert duration_text(seconds) == text
