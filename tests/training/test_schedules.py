"""Learning rate, beta and pictures over the steps."""

import numpy as np
import pytest

from unknot.training.schedules import RISES, beta_at, frame_steps, learning_rate, one_cycle

LONG_RISE = RISES["one_cycle"]


def test_one_cycle_rises_to_its_peak_and_falls_to_a_hundredth() -> None:
    rates = [one_cycle(step, 2000, 1e-3, LONG_RISE) for step in range(2000)]
    assert max(rates) == pytest.approx(1e-3)
    assert np.argmax(rates) in (199, 200)
    assert rates[0] == pytest.approx(1e-3 / 200)
    assert rates[-1] == pytest.approx(1e-5, rel=0.01)


@pytest.mark.parametrize("steps", [1, 2, 3, 10, 150])
def test_one_cycle_of_a_short_run_stays_within_its_peak(steps: int) -> None:
    rates = [one_cycle(step, steps, 1.0, LONG_RISE) for step in range(steps)]
    assert max(rates) == pytest.approx(min(1.0, max(1, steps // 2) / 200))
    assert all(0 < rate <= 1 for rate in rates)


def test_a_schedule_is_chosen_by_name() -> None:
    assert {learning_rate("constant", step, [2000], 1e-3) for step in (0, 500, 1999)} == {1e-3}
    assert learning_rate("one_cycle", 500, [2000], 1e-3) == one_cycle(500, 2000, 1e-3, LONG_RISE)
    rates = [learning_rate("short_rise", step, [2000], 1e-3) for step in range(2000)]
    assert rates[0] == pytest.approx(1e-5)
    assert np.argmax(rates) in (99, 100)
    assert learning_rate("short_rise", 25, [100], 1e-3) == pytest.approx(1e-3 * 26 / 50)


@pytest.mark.parametrize(("rise", "expected"), [("linear", [0, 2, 4]), ("square", [0, 0.5, 2])])
def test_beta_rises(rise: str, expected: list[float]) -> None:
    assert [beta_at(step, 8.0, 4, rise) for step in range(3)] == expected
    assert [beta_at(step, 8.0, 4, rise) for step in (4, 5)] == [8, 8]
    assert beta_at(0, 8.0, 0, rise) == 8


def test_frame_steps_hold_both_ends_and_about_forty() -> None:
    steps = frame_steps(3000)
    assert steps[0] == 0
    assert steps[-1] == 3000
    assert 30 <= len(steps) <= 40
    assert frame_steps(1) == [0, 1]


def test_each_part_of_a_continued_training_has_a_cycle_of_its_own() -> None:
    rates = [learning_rate("one_cycle", step, [1000, 3000], 1e-3) for step in range(3000)]
    assert rates[:1000] == [one_cycle(step, 1000, 1e-3, LONG_RISE) for step in range(1000)]
    assert rates[1000:] == [one_cycle(step, 2000, 1e-3, LONG_RISE) for step in range(2000)]
