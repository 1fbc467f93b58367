"""The objectives at the same rate."""

from dataclasses import replace
from pathlib import Path

from tests.report.small import data_of, reason, shown, small_context
from unknot.evidence.matched_rate import RunPoint, match_rates
from unknot.experiments.experiment import Experiment
from unknot.report.page import report_context
from unknot.report.sections import ReportContext
from unknot.report.sections.answers import answers


def context_of(grid: Experiment) -> ReportContext:
    return report_context(grid.files, grid.config, grid.runs(), {}, grid.saved_evidence())


def test_one_objective_has_no_such_section_and_nobody_misses_it(tmp_path: Path) -> None:
    assert reason("objectives", small_context(tmp_path)) == ""


def test_objectives_stand_beside_each_other_at_one_rate(grid: Experiment) -> None:
    context = context_of(grid)
    assert context.evidence
    points = [
        RunPoint(name, seed, rate, {"mig": 0.1 * rate + shift})
        for name, shift in (("beta_vae", 0.0), ("dip_vae_i", 0.3))
        for seed in range(5)
        for rate in (1.0 + 0.01 * seed, 3.0)
    ]
    matched = match_rates(points, ["beta_vae", "dip_vae_i"])
    html = shown(
        "objectives", replace(context, evidence=replace(context.evidence, matched_rate=matched))
    )
    assert "At 2.02 nats an image" in html
    assert "means of 5 seeds" in html
    assert ">0.50 (0.50 to 0.50), p .008</td>" in html
    assert "weight of the penalty on the covariance of the posterior means" in html


def test_a_rate_of_zero_is_a_rate_and_one_seed_has_no_interval(grid: Experiment) -> None:
    context = context_of(grid)
    assert context.evidence
    points = [RunPoint(name, 0, 0.0, {"mig": 0.1}) for name in ("beta_vae", "dip_vae_i")]
    matched = match_rates(points, ["beta_vae", "dip_vae_i"])
    assert matched.rate == 0
    html = shown(
        "objectives", replace(context, evidence=replace(context.evidence, matched_rate=matched))
    )
    assert "At 0.00 nats an image" in html
    assert "of one seed, so that no interval is known" in html
    assert "95%" not in html


def test_rates_that_do_not_meet_are_said(grid: Experiment) -> None:
    context = context_of(grid)
    assert context.evidence
    apart = [RunPoint("beta_vae", 0, 1.0, {}), RunPoint("dip_vae_i", 0, 9.0, {})]
    matched = match_rates(apart, ["beta_vae", "dip_vae_i"])
    html = shown(
        "objectives", replace(context, evidence=replace(context.evidence, matched_rate=matched))
    )
    assert "They cannot be compared: their rates do not meet" in html


def test_the_chart_has_every_run(grid: Experiment) -> None:
    data = data_of(shown("objectives", context_of(grid)))
    assert [(run["objective"], run["beta"]) for run in data["runs"]] == [
        ("beta_vae", 0.5),
        ("beta_vae", 2.0),
        ("dip_vae_i", 1.0),
        ("dip_vae_i", 10.0),
    ]
    assert [run["setting"] for run in data["runs"]][1:3] == ["beta 2", "dip_vae_i 1"]


def test_the_first_screen_answers_for_each_objective(grid: Experiment) -> None:
    section = answers(context_of(grid))
    assert section.objective
    assert section.objective.question == "Which objective separates the latents most?"
    assert (section.first, [other.objective for other in section.others]) == (
        "beta_vae",
        ["dip_vae_i"],
    )
    assert section.others[0].answers[2].question == "Did a higher strength do it?"
    html = shown("answers", context_of(grid))
    assert "<summary>dip_vae_i: the same questions</summary>" in html
    assert {stop.run for stop in section.stops} <= {"beta-0.5_seed-0", "beta-2_seed-0"}
