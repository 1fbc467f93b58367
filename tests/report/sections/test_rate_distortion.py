"""The rate-distortion plane; `test_chart_data_in_browser.py` looks at the chart."""

from pathlib import Path

from tests.report.small import data_of, reason, shown, small_context


def test_every_run_has_its_point(tmp_path: Path) -> None:
    html = shown("rate_distortion", small_context(tmp_path))
    first, second = data_of(html)["runs"]
    numbers = {"seed": 0, "rate": 6.0, "distortion": 1000.0}
    assert first == {"name": "beta-0.5_seed-0", "setting": "beta 0.5", "beta": 0.5} | numbers
    assert second == {"name": "beta-2_seed-0", "setting": "beta 2", "beta": 2.0} | numbers
    assert "<noscript>" in html


def test_without_runs_it_is_left_out(tmp_path: Path) -> None:
    assert reason("rate_distortion", small_context(tmp_path, runs=[])) == "no run is finished"
