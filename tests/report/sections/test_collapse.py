"""The rate of each latent over beta; `test_chart_data_in_browser.py` looks at the chart."""

from pathlib import Path

from tests.report.small import (
    HOSTILE,
    data_of,
    is_escaped,
    reason,
    shown,
    small_context,
    small_evidence,
    small_prediction,
    without_data,
)


def test_every_run_has_the_rates_of_its_latents_the_largest_first(tmp_path: Path) -> None:
    data = data_of(shown("collapse", small_context(tmp_path)))
    assert [run["kl"] for run in data["runs"]] == [[5.0, 1.0, 0.0]] * 2
    assert [run["active"] for run in data["runs"]] == [2, 2]
    assert data["collapse"] == [30.0, 10.0, 3.0]


def test_predicted_and_seen_stand_in_a_table(tmp_path: Path) -> None:
    observed = small_prediction().compare_with_observed(beta=2.0, seed=0, active=2, rate=6.0)
    evidence = small_evidence(observed_vs_predicted=[observed])
    html = shown("collapse", small_context(tmp_path, evidence=evidence))
    cells = ["2", "0", "2", "3", "6.00", f"{observed.predicted_rate:.2f}"]
    assert "".join(f'<td class="number">{cell}</td>' for cell in cells) in html
    assert "collapse at beta 30, 10, 3." in html


def test_without_a_prediction_it_says_why(tmp_path: Path) -> None:
    evidence = small_evidence(collapse=None, not_available={"collapse": HOSTILE})
    html = shown("collapse", small_context(tmp_path, evidence=evidence))
    assert data_of(html)["collapse"] == []
    assert "gray lines" not in html
    assert is_escaped(without_data(html))


def test_without_evidence_nobody_knows_which_latents_are_active(tmp_path: Path) -> None:
    data = data_of(shown("collapse", small_context(tmp_path, evidence=None)))
    assert [run["active"] for run in data["runs"]] == [None, None]


def test_without_runs_it_is_left_out(tmp_path: Path) -> None:
    assert reason("collapse", small_context(tmp_path, runs=[])) == "no run is finished"
