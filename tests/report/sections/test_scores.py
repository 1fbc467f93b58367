"""The table of scores."""

from pathlib import Path

from tests.report.small import (
    HOSTILE,
    is_escaped,
    reason,
    shown,
    small_code_scores,
    small_config,
    small_context,
    small_run,
    small_score,
)
from unknot.report.sections.scores import score_cell


def test_every_score_has_a_row_with_its_meaning(tmp_path: Path) -> None:
    html = shown("scores", small_context(tmp_path))
    assert "each latent matters for one factor alone" in html
    assert html.index("dci_disentanglement") < html.index(">mig<")  # the best-regarded first
    assert html.count("0.25 (75%)") == 4
    assert "irs" not in html


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
    assert is_escaped(shown("scores", small_context(tmp_path, runs=runs)))
