"""Values of more than eight bits."""

import numpy as np
import pytest
from PIL import Image

from unknot.data.value_range import (
    SIXTEEN_BITS,
    UNIT,
    Extremes,
    ValueRange,
    choose_range,
    extremes_of,
    extremes_of_picture,
    to_bytes,
)


@pytest.mark.parametrize(
    ("extremes", "low", "high", "note"),
    [
        (Extremes(0, 200), 0, 255, "end at 200: 255 is taken for white"),
        (Extremes(3, 1000), 0, 1023, "1,023"),
        (Extremes(3, 4000), 0, 4095, "4,095"),
        (Extremes(3, 900, declared=4095), 0, 4095, "4,095"),
        (Extremes(3, 16_000), 0, 16_383, "16,383"),
        (Extremes(3, 40_000), 0, 65_535, ""),
        (Extremes(-1024, 3071), -1024, 3071, "go from -1024 to 3071"),
        (Extremes(0, 100_000), 0, 100_000, "go from 0 to 100000"),
        (Extremes(0, 1, is_float=True), 0, 1, ""),
        (Extremes(-0.9, 1, is_float=True), -1, 1, "-1 to 1"),
        (Extremes(0, 250.5, is_float=True), 0, 255, "0 to 255"),
        (Extremes(-3, 250.5, is_float=True), -3, 250.5, "floating-point values go from -3"),
        (None, 0, 65_535, ""),
    ],
)
def test_one_range_for_a_set(extremes: Extremes, low: float, high: float, note: str) -> None:
    chosen = choose_range(extremes)
    assert (chosen.low, chosen.high) == (low, high)
    assert note in chosen.note
    assert bool(note) == bool(chosen.note)


def test_extremes_of_several_pictures() -> None:
    joined = Extremes(1, 5).joined(Extremes(0, 4, declared=1023)).joined(None)
    assert joined == Extremes(0, 5, declared=1023)
    assert extremes_of(np.array([1.0, np.nan])) is None
    assert extremes_of(np.zeros(0)) is None
    assert extremes_of_picture(Image.new("L", (3, 3))) is None
    deep = Image.fromarray(np.full((3, 3), 700, np.uint16))
    assert extremes_of_picture(deep) == Extremes(700, 700)


def test_values_become_bytes() -> None:
    assert to_bytes(np.array([0, 255]), ValueRange(0, 255)).tolist() == [0, 255]
    assert to_bytes(np.array([0, 4095, 5000]), ValueRange(0, 4095)).tolist() == [0, 255, 255]
    assert to_bytes(np.array([-1.0, 0, 1]), ValueRange(-1, 1)).tolist() == [0, 128, 255]
    assert to_bytes(np.array([0, 256, 65535]), SIXTEEN_BITS).tolist() == [0, 0, 255]
    assert to_bytes(np.array([0.5]), UNIT).tolist() == [128]
    assert to_bytes(np.array([7, 7]), ValueRange(7, 7)).tolist() == [0, 0]
