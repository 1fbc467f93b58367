"""Settings of nulls and intervals."""

import pytest

from unknot.common.errors import UserError
from unknot.metrics.settings import DEFAULT_NULLS, NO_NULLS, NullSettings


@pytest.mark.parametrize(
    ("name", "value", "least"),
    [
        ("permutations", -1, 0),
        ("rotations", -1, 0),
        ("subsamples", -1, 0),
        ("max_points", 0, 100),
        ("max_points", 99, 100),
    ],
)
def test_numbers_that_cannot_be_are_refused(name: str, value: int, least: int) -> None:
    with pytest.raises(UserError, match=f"{name} is {value}; it must be at least {least}"):
        NullSettings(**{name: value})


def test_defaults_and_none_at_all() -> None:
    assert NullSettings() == DEFAULT_NULLS
    assert (NO_NULLS.permutations, NO_NULLS.rotations, NO_NULLS.subsamples) == (0, 0, 0)


def test_points_beyond_any_data_set_are_refused() -> None:
    with pytest.raises(UserError, match="max_points is 1000000001; it must be at most 1,000,000,0"):
        NullSettings(max_points=10**9 + 1)
