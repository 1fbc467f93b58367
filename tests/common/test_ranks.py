"""What a launcher says of the processes that it has started."""

import pytest

from unknot.common.errors import UserError
from unknot.common.ranks import (
    LAUNCHED,
    check_is_alone,
    is_follower,
    num_processes,
    number_on_machine,
)


@pytest.mark.parametrize(
    ("world", "rank", "expected"),
    [("2", "0", (2, False)), ("2", "1", (2, True)), ("1", "0", (1, False)), ("", "1", (1, False))],
)
def test_a_launcher_says_how_many_there_are(
    world: str, rank: str, expected: tuple[int, bool], monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in zip(LAUNCHED, (rank, world, "127.0.0.1", "29500")):
        monkeypatch.setenv(name, value)
    assert (num_processes(), is_follower()) == expected
    monkeypatch.delenv("MASTER_ADDR")  # somebody else's variables
    assert (num_processes(), is_follower()) == (1, False)


@pytest.mark.parametrize("value", ["", "x", "-1", "²", "9" * 5_000])
def test_values_that_no_launcher_sets_are_none(value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in (*LAUNCHED, "LOCAL_RANK"):
        monkeypatch.setenv(name, value)
    assert (num_processes(), is_follower(), number_on_machine()) == (1, False, 0)


def test_a_comparison_is_refused_where_a_launcher_has_started_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    check_is_alone()
    for name in LAUNCHED:
        monkeypatch.setenv(name, "2")
    with pytest.raises(UserError, match="start it without torchrun"):
        check_is_alone()
