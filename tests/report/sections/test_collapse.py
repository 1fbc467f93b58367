"""The plot of collapse betas."""

from pathlib import Path

from tests.report.small import reason, shown, small_context, small_evidence
from unknot.report.sections.collapse import CollapsePlot


def test_it_plots_the_betas_that_were_trained(tmp_path: Path) -> None:
    html = shown("collapse", small_context(tmp_path))
    assert "<svg" in html
    assert "<?xml" not in html
    assert "collapses at beta" in html
    assert "beta 0.5" in html


def test_without_a_prediction_it_is_left_out(tmp_path: Path) -> None:
    gaps = {"collapse": "likelihood is bernoulli"}
    evidence = small_evidence(collapse=None, not_available=gaps)
    context = small_context(tmp_path, evidence=evidence)
    assert reason("collapse", context) == "likelihood is bernoulli"
    assert "no evidence" in reason("collapse", small_context(tmp_path, evidence=None))


def test_nothing_that_a_user_named_is_in_it() -> None:
    assert list(CollapsePlot.__dataclass_fields__) == ["plot"]  # of numbers alone
