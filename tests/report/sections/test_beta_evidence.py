"""The table over betas."""

from dataclasses import replace
from pathlib import Path

from tests.report.small import (
    HOSTILE,
    is_escaped,
    reason,
    shown,
    small_context,
    small_evidence,
)
from unknot.experiments.experiment import Experiment
from unknot.report.page import report_context
from unknot.report.render import render_piece
from unknot.report.sections.beta_evidence import BetaTable


def test_every_beta_has_a_row_below_explained_columns(tmp_path: Path) -> None:
    html = shown("beta_evidence", small_context(tmp_path))
    for column in ("rotation percentile", "linear probe", "Jacobian cosine", "UDR of PCA"):
        assert f">{column}</th>" in html
    assert (
        "<li>linear probe: how well all latents together tell the labels, from 0 to 1</li>" in html
    )
    assert '<td class="number">0.50 (0.40 to 0.60)</td>' in html
    assert html.count("75%") == 2


def test_it_says_whether_all_went_as_planned(tmp_path: Path) -> None:
    html = shown("beta_evidence", small_context(tmp_path))
    assert "As planned before the first step (plan.json, 0123456789ab)." in html
    assert "by the pictures, beta 2 beside 0.5" in html
    evidence = small_evidence(exploratory=["seeds: 2 added"])
    html = shown("beta_evidence", small_context(tmp_path / "more", evidence=evidence))
    assert "As planned" not in html
    assert "Not everything is as it was planned" in html


def test_without_evidence_it_is_left_out(tmp_path: Path) -> None:
    context = small_context(tmp_path, evidence=None)
    assert "no evidence of these runs yet" in reason("beta_evidence", context)
    context = small_context(tmp_path, evidence=small_evidence(betas=[]))
    assert reason("beta_evidence", context) == "no run is finished"


def test_an_objective_without_evidence_shifts_no_name(grid: Experiment) -> None:
    evidence = grid.saved_evidence()
    assert evidence
    rows = {"dip_vae_i": evidence.rows["dip_vae_i"]}
    lacking = replace(evidence, rows=rows)
    context = report_context(grid.files, grid.config, grid.runs(), {}, lacking)
    html = shown("beta_evidence", context)
    assert '<td class="number">dip_vae_i 10</td>' in html
    assert '<td class="number">0.5</td>' not in html
    assert "What was measured of each strength" in html
    assert ">strength</th>" in html
    assert ">beta</th>" not in html


def test_hostile_cells_are_escaped() -> None:
    table = BetaTable(HOSTILE, {HOSTILE: HOSTILE}, [[HOSTILE]], HOSTILE, [HOSTILE])
    assert is_escaped(str(render_piece("beta_evidence", table).html))
