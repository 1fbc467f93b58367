"""Which objective separates the latents most."""

import pytest

from unknot.evidence.answers import Commands
from unknot.evidence.answers.objective import answer_objective, deciding_measures
from unknot.evidence.objective_comparison import MatchedRate, RunPoint, match_rates

COMMANDS = Commands(folder="runs/x", has_source=True)
DCI, INFOM = "dci_disentanglement", "infomec_modularity"


def matched_of(num_seeds: int, dci: float, infom: float, *, labels: bool = True) -> MatchedRate:
    """A second objective that differs from the first by so much; seeds differ a little."""
    points = []
    for seed in range(num_seeds):
        for name, shift in (("beta_vae", (0.0, 0.0)), ("beta_tcvae", (dci, infom))):
            wobble = 0.01 * ((7 * seed + len(name)) % 5)
            scores = {DCI: 0.3 + wobble + shift[0], INFOM: 0.4 + wobble + shift[1]}
            values = scores if labels else {"interaction_z": 10 * scores[DCI]}
            points.append(RunPoint(name, seed, 12.0, values))
    return match_rates(points, ["beta_vae", "beta_tcvae"])


def test_yes_where_both_scores_show_it() -> None:
    answer = answer_objective(matched_of(5, 0.3, 0.3), ["r"], True, COMMANDS)
    assert answer.answer == "yes"
    assert answer.effect == pytest.approx(0.3, abs=0.02)
    assert answer.p_value is not None
    assert answer.p_value <= 0.05
    assert answer.sentence.startswith(
        "beta_tcvae separates the latents more than beta_vae. At the "
    )
    assert "same rate of 12.0 nats an image: beta_vae (DCI 0.32, InfoM 0.42); " in answer.sentence
    assert answer.next == ""


def test_less_is_said_too() -> None:
    answer = answer_objective(matched_of(5, -0.2, -0.2), ["r"], True, COMMANDS)
    assert answer.answer == "yes"
    assert "separates the latents less than beta_vae" in answer.sentence


def test_no_where_the_two_scores_disagree_or_show_nothing() -> None:
    for dci, infom in ((0.3, -0.3), (0.3, 0.0), (0.0, 0.0)):
        answer = answer_objective(matched_of(5, dci, infom), ["r"], True, COMMANDS)
        assert answer.answer == "no"
        assert answer.sentence.startswith("No objective was shown to separate the latents more")


def test_too_few_seeds_cannot_tell_and_name_the_command() -> None:
    answer = answer_objective(matched_of(2, 0.3, 0.3), ["r"], True, COMMANDS)
    assert answer.answer == "cannot tell"
    assert answer.sentence.startswith("Cannot tell from 2 seeds of each objective.")
    assert answer.command.endswith("--seeds 2 3 4")


def test_rates_that_do_not_meet_cannot_tell() -> None:
    points = [RunPoint("beta_vae", 0, 2.0, {DCI: 0.1}), RunPoint("capacity", 0, 9.0, {DCI: 0.1})]
    matched = match_rates(points, ["beta_vae", "capacity"])
    answer = answer_objective(matched, ["r"], True, COMMANDS)
    assert answer.answer == "cannot tell"
    assert "capacity comes down to 9.0 nats an image (seed 0) and beta_vae up" in answer.sentence


def test_without_labels_the_pictures_decide() -> None:
    matched = matched_of(5, 0.3, 0.3, labels=False)
    assert deciding_measures(matched) == ("interaction_z",)
    assert answer_objective(matched, ["r"], True, COMMANDS).answer == "yes"


def test_what_was_not_planned_is_a_hint() -> None:
    answer = answer_objective(matched_of(5, 0.3, 0.3), ["r"], False, COMMANDS)
    assert answer.sentence.endswith("because it is not what was planned before training.")
