"""The objectives at the same rate."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.small import data_of, reason, shown, small_context
from unknot.evidence.objective_comparison import RunPoint, match_rates
from unknot.experiments.experiment import Experiment
from unknot.report.page import report_context
from unknot.report.sections import ReportContext
from unknot.report.sections.answers import answers


def context_of(grid: Experiment) -> ReportContext:
    return report_context(grid.files, grid.config, grid.runs(), {}, grid.saved_evidence())


def other_first(grid: Experiment) -> ReportContext:
    """The same runs where dip_vae_i is the first objective."""
    context = context_of(grid)
    return replace(context, config=replace(context.config, objectives=("dip_vae_i", "beta_vae")))


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


def test_what_is_to_be_known_of_each_objective_is_in_its_words(grid: Experiment) -> None:
    failures = {"beta-2_seed-0": "stopped", "dip_vae_i-1_seed-0": "stopped"}
    section = answers(replace(context_of(grid), failures=failures))
    assert sum("few images" in sentence for sentence in section.must_know) == 1
    missing = [sentence for sentence in section.must_know if "missing" in sentence]
    assert [sentence.split(": ")[0] for sentence in missing] == ["beta_vae", "dip_vae_i"]
    assert section.first_is == ""


def test_an_objective_that_comes_first_has_strengths(grid: Experiment) -> None:
    section = answers(other_first(grid))
    assert section.first == "dip_vae_i"
    assert section.first_is.startswith("the weight of the penalty")
    assert [stop.caption.split(":")[0] for stop in section.stops] == ["Strength 1", "Strength 10"]
    html = shown("answers", other_first(grid))
    assert "<span>strength <output" in html
    assert 'aria-label="Beta"' not in html


@pytest.mark.parametrize(
    ("section", "heading"),
    [
        ("betas", "The strengths side by side"),
        ("rate_distortion", "What each strength costs and saves"),
        ("collapse", "How much each latent tells at each beta of beta_vae"),
    ],
)
def test_headings_hold_for_all_objectives(grid: Experiment, section: str, heading: str) -> None:
    assert heading in shown(section, context_of(grid))


def test_the_latents_of_a_setting_look_as_in_the_other_charts(grid: Experiment) -> None:
    """What decides the colors are the runs of all objectives, in the same order."""
    data = data_of(shown("collapse", other_first(grid)))
    other = data_of(shown("rate_distortion", other_first(grid)))
    assert [run["setting"] for run in data["settings"]] == [run["setting"] for run in other["runs"]]
    assert {run["setting"] for run in data["runs"]} == {"beta 0.5", "beta 2"}
