"""The chart and the table of scores; `test_chart_data_in_browser.py` looks at the chart."""

from pathlib import Path

from tests.report.small import (
    HOSTILE,
    data_of,
    is_escaped,
    reason,
    shown,
    small_code_scores,
    small_config,
    small_context,
    small_run,
    small_score,
    without_data,
)
from unknot.report.sections.scores import score_cell


def test_every_score_has_a_row_with_its_meaning(tmp_path: Path) -> None:
    html = shown("scores", small_context(tmp_path))
    assert "each latent matters for one factor alone" in html
    assert html.index(">dci_disentanglement<") < html.index(">mig<")  # the best-regarded first
    assert html.count("0.25 (75%)") == 4
    assert ">irs<" not in html


def test_the_chart_has_every_bounded_score_of_every_run(tmp_path: Path) -> None:
    scores = {key: small_score(key) for key in ("mig", "total_correlation")}
    scores["dci_completeness"] = small_score(
        "dci_completeness", value=float("nan"), null_rotation=None, interval=None
    )
    first, second = small_config().runs()
    runs = [
        small_run(tmp_path, first, scores=small_code_scores(scores=scores)),
        small_run(tmp_path, second, scores=small_code_scores(scores={})),
    ]
    html = shown("scores", small_context(tmp_path, runs=runs))
    data = data_of(html)
    assert (data["keys"], data["first"]) == (["dci_completeness", "mig"], 1)
    scored, unscored = (run["scores"] for run in data["runs"])
    assert scored["mig"] == {
        "value": 0.25,
        "interval": [0.2, 0.3],
        "rotated": [0.2, 0.04, 75.0, 0.25],
        "num": 20,
        "remarks": [0],
    }
    assert scored["dci_completeness"] == {"value": None, "remarks": [0]}
    assert unscored == {}
    assert data["remarks"] == ["a remark"]
    assert "show all 2 scores" in html


def test_the_caption_tells_of_bands_where_there_are_some(tmp_path: Path) -> None:
    assert "A pale band" in shown("scores", small_context(tmp_path))
    bare = small_code_scores(scores={"mig": small_score(null_rotation=None, interval=None)})
    runs = [small_run(tmp_path, run, scores=bare) for run in small_config().runs()]
    html = shown("scores", small_context(tmp_path, runs=runs))
    assert "A pale band" not in html
    assert "A thin line" not in html
    assert "<code>unknot evaluate</code> adds" in html


def test_a_cell_says_what_is_to_be_known() -> None:
    cell = score_cell(small_score())
    assert cell.remarks == "95% interval 0.200 to 0.300; a remark"
    void = score_cell(small_score(value=float("nan"), null_rotation=None, interval=None))
    assert (void.value, void.remarks) == ("void", "a remark")
    assert score_cell(None).remarks == "not scored"


def test_without_scores_it_is_left_out_with_the_reason(tmp_path: Path) -> None:
    assert reason("scores", small_context(tmp_path, runs=[])) == "no run is finished"
    scores = small_code_scores(scores={}, problem="the images have no labels")
    runs = [small_run(tmp_path, run, scores=scores) for run in small_config().runs()]
    assert reason("scores", small_context(tmp_path, runs=runs)) == "the images have no labels"


def test_hostile_remarks_are_escaped(tmp_path: Path) -> None:
    scores = small_code_scores(scores={"mig": small_score(flags=(HOSTILE,))})
    runs = [small_run(tmp_path, run, scores=scores) for run in small_config().runs()]
    html = shown("scores", small_context(tmp_path, runs=runs))
    assert is_escaped(without_data(html))
    assert data_of(html)["remarks"] == [HOSTILE]
