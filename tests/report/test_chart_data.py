"""What charts are drawn from."""

from itertools import pairwise
from pathlib import Path

from tests.report.small import small_config, small_run
from unknot.report.chart_data import MAX_POINTS, all_rounded, chart_run, rounded, thinned


def test_a_run_is_named_with_its_beta_and_seed(tmp_path: Path) -> None:
    run = small_run(tmp_path, small_config().runs()[0])
    assert chart_run(run) == {
        "name": "beta-0.5_seed-0",
        "setting": "beta 0.5",
        "beta": 0.5,
        "seed": 0,
    }


def test_numbers_keep_four_digits_that_count() -> None:
    assert rounded(1714.4534) == 1714
    assert rounded(0.000123456) == 0.0001235
    assert rounded(float("nan")) is rounded(float("inf")) is rounded(None) is None
    assert all_rounded([1.23456, None]) == [1.235, None]


def test_long_curves_are_thinned_and_keep_their_ends() -> None:
    assert thinned(range(MAX_POINTS)) == range(MAX_POINTS)
    points = list(thinned(range(1001)))
    assert (points[0], points[-1], len(points)) == (0, 1000, MAX_POINTS)
    assert {b - a for a, b in pairwise(points)} == {5, 6}
