"""Which value is black and which is white."""

import numpy as np
import pytest

from unknot.data.raster.value_ranges import (
    FLOAT,
    Measured,
    RawValues,
    ValueRange,
    describe_range,
    find_range,
    find_ranges,
    merge,
    to_bytes,
    usual_range,
)


@pytest.mark.parametrize(
    ("measured", "black", "white", "note"),
    [
        (Measured("16-bit", 0, 200), 0, 255, "end at 200: taken as 8 bits"),
        (Measured("16-bit", 3, 1000), 0, 1023, "taken as 10 bits"),
        (Measured("16-bit", 3, 4000), 0, 4095, "taken as 12 bits"),
        (Measured("16-bit", 3, 900, 4095), 0, 4095, "taken as 12 bits"),
        (Measured("16-bit", 3, 16_000), 0, 16_383, "taken as 14 bits"),
        (Measured("16-bit", 3, 40_000), 0, 65_535, ""),
        (Measured("signed 16-bit", -1024.0, 3071.0), -1024, 3071, "-1,024 is black"),
        (Measured(FLOAT, 0, 1), 0, 1, "lie in 0 to 1"),
        (Measured(FLOAT, -0.9, 1), -1, 1, "lie in -1 to 1"),
        (Measured(FLOAT, 0, 250.5), 0, 255, "lie in 0 to 255"),
        (Measured(FLOAT, -3.0, 250.5), -3, 250.5, "their largest 250.5 white"),
    ],
)
def test_one_range_for_a_kind(measured: Measured, black: float, white: float, note: str) -> None:
    assert find_range(measured) == (black, white)
    assert note in describe_range(measured)
    assert bool(note) == bool(describe_range(measured))


def test_kinds_are_put_together() -> None:
    kinds = merge([Measured("16-bit", 1, 5), Measured(FLOAT, 0, 1), Measured("16-bit", 0, 4, 9)])
    assert kinds == {"16-bit": Measured("16-bit", 0, 5, 9), FLOAT: Measured(FLOAT, 0, 1)}
    assert find_ranges(kinds) == {"16-bit": (0, 255), FLOAT: (0, 1)}


def test_without_a_set_a_range_is_that_of_the_type() -> None:
    assert usual_range(FLOAT) == (0, 1)
    assert usual_range("16-bit") == (0, 65_535)


def test_values_become_bytes() -> None:
    assert to_bytes(np.array([0, 4095, 5000]), ValueRange(0, 4095)).tolist() == [0, 255, 255]
    assert to_bytes(np.array([-1.0, 0, 1]), ValueRange(-1, 1)).tolist() == [0, 128, 255]


def test_low_may_be_white_and_values_transparent() -> None:
    values = np.array([[0, 1023]], np.uint16)
    white = RawValues(values, "16-bit", white_is_low=True).to_picture(ValueRange(0, 1023))
    assert np.asarray(white).tolist() == [[255, 0]]
    clear = RawValues(values, "16-bit", transparent=0).to_picture(ValueRange(0, 1023))
    assert np.asarray(clear).tolist() == [[255, 255]]
    assert RawValues(values, "16-bit").measure() == Measured("16-bit", 0, 1023)
