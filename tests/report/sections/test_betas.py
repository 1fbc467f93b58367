"""The table of runs."""

from pathlib import Path

from tests.report.small import HOSTILE, is_escaped, shown, small_config, small_context, small_run
from unknot.report.sections.betas import betas


def test_every_run_has_a_row(tmp_path: Path) -> None:
    html = shown("betas", small_context(tmp_path))
    assert '<td class="number">0.5</td><td class="number">0</td>' in html
    assert '<td class="number">1,000</td><td class="number">6.00</td>' in html
    assert "5.00 1.00 0.00" in html


def test_a_missing_run_is_named_with_its_reason(tmp_path: Path) -> None:
    runs = [small_run(tmp_path, small_config().runs()[0])]
    failures = {"beta-2_seed-0": "training diverged"}
    table = betas(small_context(tmp_path, runs=runs, failures=failures))
    assert [row.problem for row in table.rows] == ["", "training diverged"]
    assert [row.setting for row in table.rows] == ["0.5", "2"]


def test_hostile_problems_are_escaped(tmp_path: Path) -> None:
    failures = {"beta-0.5_seed-0": HOSTILE, "beta-2_seed-0": HOSTILE}
    assert is_escaped(shown("betas", small_context(tmp_path, runs=[], failures=failures)))
