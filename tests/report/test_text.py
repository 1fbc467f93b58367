"""What came of an experiment, in words."""

from dataclasses import replace
from pathlib import Path

import pytest

from tests.report.small import (
    small_beta,
    small_code_scores,
    small_config,
    small_evidence,
    small_grid_evidence,
    small_prediction,
    small_rotation_test,
    small_run,
    small_run_evidence,
    small_score,
)
from unknot.config.parts import TrainingConfig
from unknot.evidence.answers import QUESTIONS
from unknot.metrics.registry import KEYS
from unknot.metrics.result import Null
from unknot.models.beta_scales import BetaScales
from unknot.report.text import (
    BETA_COLUMNS,
    answers_text,
    axes_text,
    beta_cells,
    betas_table,
    collapse_text,
    evidence_text,
    more_runs_text,
    run_line,
    run_scales,
    run_scales_text,
    run_title,
    scales_text,
    scores_table,
)


def test_everything_that_was_asked_is_answered() -> None:
    gaps = {"verdict": "said above", "beta-9_seed-0": "not finished"}
    text = evidence_text(small_evidence(not_available=gaps))
    assert text.startswith("What does each latent do?\n  The answer to latents.\n")
    heading = "how the betas were compared:\n- by the pictures, beta 2 beside 0.5: too few runs: "
    assert f"{heading}with 1 seed" in text
    assert "linear probe: how well all latents together tell the labels" in text
    assert "What each latent of beta-0.5_seed-0 does" in text
    assert "What each latent of beta-2_seed-0 does" in text
    assert text.endswith("what is missing:\n- beta-9_seed-0: not finished")


def test_the_four_questions_are_answered_in_their_order() -> None:
    text = answers_text(small_evidence())
    places = [text.index(words) for words in QUESTIONS.values()]
    assert places == sorted(places)
    assert "The answer to beta.\n  Next: train more seeds\n" in text
    assert text.endswith("As planned before the first step (plan.json, 0123456789ab).")
    later = answers_text(small_evidence(exploratory=["labels: pose added"]))
    assert "As planned" not in later
    assert "planned before the first step (labels: pose added), so take the answer" in later


def test_of_every_beta_the_first_seed_is_told() -> None:
    bare = {"labels": None, "traversal_effects": None}
    runs = {f"seed {seed}": small_run_evidence(2.0, seed, **bare) for seed in (5, 3, 4)}
    text = evidence_text(small_evidence(runs=runs))
    assert "What each latent of seed 3 does" in text
    assert "seed 5" not in text
    assert "(2 more runs in evidence.json)" in text


def test_runs_of_equal_strength_small_grid_evidence_are_all_told() -> None:
    text = evidence_text(small_grid_evidence())
    for name in ("beta_vae 0.5", "beta_vae 2.0", "capacity 0.5", "capacity 2.0"):
        assert text.count(f"What each latent of {name} does") == 1
    assert "more run" not in text
    assert "how the strengths were compared:\n- beta_vae: by the pictures" in text
    assert text.endswith("what is missing:\n- capacity: labels: none came")


def test_the_table_has_a_line_for_every_beta_and_dashes_for_gaps() -> None:
    lines = betas_table(small_evidence()).splitlines()
    assert len(lines) == 3
    assert len({len(line) for line in lines}) == 1
    for name in BETA_COLUMNS:
        assert name in lines[0]
    cells = dict(zip(BETA_COLUMNS, beta_cells(small_beta(2.0))))
    assert cells["beta"] == "2"
    assert cells["rotation percentile"] == "75%"
    assert cells["Jacobian cosine"] == "-"
    assert cells["UDR"] == "0.50 (0.40 to 0.60)"
    assert cells["UDR untrained"] == "-"


def test_what_the_linear_model_does_is_laid_out() -> None:
    text = collapse_text(small_prediction(), [1.0])
    assert "What a linear model with 3 latents would do" in text
    assert "latent   collapses at beta\n     1   30" in text
    assert "   0.3                3" in text
    assert "suggested: --betas 0.3 5 20" in text
    line = next(line for line in text.splitlines() if line.startswith("     5"))
    assert line.split()[1] == "2"
    assert line.endswith("suggested")


@pytest.mark.parametrize(
    ("beta_eff", "text"), [(2.0, "beta_eff 2, beta_norm 0.01"), (None, "beta_eff moves with sigma")]
)
def test_scales_are_put_in_words(beta_eff: float | None, text: str) -> None:
    assert scales_text(BetaScales(beta_eff=beta_eff, beta_norm=0.01)).startswith(text)


def test_a_run_is_summed_up_in_a_line(tmp_path: Path) -> None:
    run = small_run(tmp_path, small_config().runs()[1])
    assert run_title(run.config) == "beta 2, seed 0"
    assert run_scales(run) == BetaScales(beta_eff=2.0, beta_norm=2 / 1024)
    replace(run.evaluation, scores=None).save(run.files.evaluation)
    line = "    beta 2  seed 0  distortion   1000.0  rate   6.00  sum   1006.0  "
    assert run_line(run) == f"{line}(beta_eff 2, beta_norm 0.00195)"
    scores = small_code_scores(scores={}, problem="no labels")
    replace(run.evaluation, scores=scores).save(run.files.evaluation)
    assert run_line(run).endswith("\n  not scored: no labels")


def test_a_beta_that_is_no_weight_of_the_rate_has_no_other_scales(tmp_path: Path) -> None:
    config = small_config(training=TrainingConfig(objective="capacity")).runs()[1]
    run = small_run(tmp_path, config)
    replace(run.evaluation, scores=None).save(run.files.evaluation)
    assert run_scales_text(run) == ""
    assert "beta_eff" not in run_line(run)


def test_runs_that_are_not_shown_are_counted() -> None:
    assert more_runs_text(8) == ""
    assert more_runs_text(9).startswith("The first 8 of 9 runs;")


def test_a_score_that_is_void_for_some_factors_is_shown() -> None:
    flag = "void: no latent beats the permutation null for yaw"
    score = small_score(value=0.5, flags=(flag,), null_rotation=None, interval=None)
    lines = scores_table(dict.fromkeys(KEYS, score)).splitlines()
    assert "void" not in lines[1]
    assert "0.500" in lines[1]
    assert lines[-1] == f"- {flag}"


def test_scores_without_a_value_are_void_or_unbounded() -> None:
    nan = float("nan")
    scores = {
        "mig": small_score(value=nan, flags=("void: one factor",)),
        "total_correlation": small_score(value=nan, flags=("unbounded: a latent is a sum",)),
    }
    text = scores_table(scores)
    lines = {line.split()[0]: line for line in text.splitlines() if line}
    assert lines["mig"].split()[1] == "void"
    assert lines["total_correlation"].split()[1] == "unbounded"
    assert "- void: one factor: mig" in text


def test_nulls_stand_beside_their_score() -> None:
    null = Null(
        mean=0.1, std=0.02, percentile=95.0, p_value=0.05, observed=0.25, num=20, num_points=20
    )
    text = scores_table({"mig": small_score(null_permutation=null)})
    assert "0.200 to 0.300  0.250: 0.200 ± 0.040 (75%)   0.250: 0.100 ± 0.020 (95%)" in text
    assert "rotated codes: what random mixes of the latents score" in text


@pytest.mark.parametrize(
    ("changes", "answer"),
    [
        ({}, "Yes: no random mix of 99 tells the factors as selectively (p .010)."),
        ({"p_value": 0.02}, "Yes: 1 of 99 random mixes tells the factors as selectively (p .020)."),
        ({"p_value": 0.05}, "Yes: 4 of 99 random mixes tell the factors as selectively (p .050)."),
        ({"p_value": 0.4}, "No sign of it: 39 of 99 random mixes tell the factors as selectively "),
        ({"void": "1 active latent"}, "Cannot tell: 1 active latent."),
    ],
)
def test_whether_latents_of_any_codes_are_special_is_said(changes: dict, answer: str) -> None:
    text = axes_text(small_rotation_test(**changes))
    question = "Are the latents special, or would a random mix of them do as well?"
    assert text.startswith(f"{question} {answer}")
