"""Several objectives: the evidence of each, and all of them together."""

import json

from unknot.common.reading import read_json
from unknot.evidence.answers import QUESTIONS
from unknot.evidence.evidence import Evidence
from unknot.evidence.objective_rows import compare_objectives, run_points
from unknot.experiments.experiment import Experiment
from unknot.runs.own_digest import with_own_digest

NAMES = ["beta-0.5_seed-0", "beta-2_seed-0", "dip_vae_i-1_seed-0", "dip_vae_i-10_seed-0"]


def evidence_of(grid: Experiment) -> Evidence:
    evidence = grid.saved_evidence()
    assert evidence is not None
    return evidence


def test_each_objective_has_its_own_answers(grid: Experiment) -> None:
    evidence = evidence_of(grid)
    assert list(evidence.rows) == ["beta_vae", "dip_vae_i"]
    for row in evidence.rows.values():
        assert [answer.question for answer in row.answers] == list(QUESTIONS)
    assert list(evidence.rows["dip_vae_i"].runs) == NAMES[2:]
    assert [row.beta for row in evidence.rows["dip_vae_i"].betas] == [1, 10]


def test_the_whole_has_all_runs_and_the_first_objectives_answers(grid: Experiment) -> None:
    evidence = evidence_of(grid)
    assert list(evidence.runs) == list(evidence.axes) == evidence.runs_included == NAMES
    assert evidence.answers == evidence.rows["beta_vae"].answers
    assert evidence.answer("objective").answer == "cannot tell"
    assert evidence.exploratory == []


def test_the_answers_about_another_objective_speak_of_its_strength(grid: Experiment) -> None:
    text = str(evidence_of(grid))
    first, second = text.split("\ndip_vae_i:\n")
    assert text.startswith("Which objective separates the latents most?\n  Cannot tell")
    assert "Did a higher beta do it?" in first
    assert "Did a higher strength do it?" in second
    assert "Which strength should I take?" in second
    assert "beta" not in second.replace("beta_vae", "").replace("--betas", "")


def test_commands_for_more_strengths_name_the_objective(grid: Experiment) -> None:
    text = str(evidence_of(grid).rows["dip_vae_i"].answer("which_beta"))
    assert "betas=" not in text
    assert "--betas" not in text


def test_every_run_is_a_point_by_its_test_rate(grid: Experiment) -> None:
    evidence = evidence_of(grid)
    points = run_points(grid.runs(), evidence.axes)
    assert list(points) == NAMES
    for run in grid.runs():
        assert points[run.name].rate == run.evaluation.test.rate
    some = run_points(grid.runs(), {NAMES[0]: evidence.axes[NAMES[0]]})
    assert list(some) == NAMES[:1]
    assert compare_objectives(evidence.rows, grid.runs()) == evidence.matched_rate


def test_the_document_holds_every_run_once_and_comes_back(grid: Experiment) -> None:
    document = read_json(grid.files.evidence)
    assert set(document["rows"]["dip_vae_i"]) & {"runs", "axes"} == set()
    assert json.loads(json.dumps(with_own_digest(evidence_of(grid).as_dict()))) == document
