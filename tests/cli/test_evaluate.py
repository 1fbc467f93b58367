"""`unknot evaluate`, and `evidence` as their users meet them."""

import json
from pathlib import Path

import pytest

from tests.command_line import TINY, fails, folder_of_images
from unknot.cli import main
from unknot.evidence.answers import AXES, LATENTS, QUESTIONS
from unknot.experiments.experiment import Experiment
from unknot.metrics import KEYS
from unknot.runs.run import Run

FEW = ["--permutations", "2", "--rotations", "2", "--subsamples", "2", "--max-points", "100"]


def test_evaluate_writes_into_the_run(
    copied: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    run = copied.run(beta=2)
    assert main(["evaluate", str(run.folder), *FEW, "--workers", "1", "--quiet"]) == 0
    out = capsys.readouterr().out
    assert "latents active" in out
    assert all(key in out for key in KEYS) or "no scores" in out
    scores = run.evaluation.scores
    assert scores is not None
    assert scores.nulls.rotations == 2


def test_evaluate_takes_every_run_of_an_experiment(
    copied: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["evaluate", str(copied.folder), *FEW, "--workers", "1", "--json"]
    assert main(arguments) == 0
    document = json.loads(capsys.readouterr().out)
    assert list(document) == [str(run.folder) for run in copied.runs()]


def test_evaluate_on_other_data(copied: Experiment, tmp_path: Path) -> None:
    run = copied.run(beta=2)
    other = folder_of_images(tmp_path / "other", 30)
    assert main(["evaluate", str(run.folder), "--data", str(other), *FEW, "--quiet"]) == 0
    assert list(run.evaluation.scores_on_other_data) == [str(other)]


def test_images_without_labels_leave_a_named_gap(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = folder_of_images(tmp_path / "images", 250)
    out = tmp_path / "run"
    assert main(["train", str(images), "--out", str(out), *TINY]) == 0
    scores = Run(out).evaluation.scores
    assert scores is not None
    assert scores.scores == {}
    assert scores.problem is not None
    assert "no labels" in scores.problem
    assert scores.marginal_kl is not None
    assert "not scored: the images have no labels" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "message"), [(["--seed", "-1"], "seed is -1"), (["--workers", "0"], "workers is 0")]
)
def test_bad_options_of_evaluate_leave_the_scores(
    options: list[str], message: str, trained: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    run = trained.run(beta=2)
    before = run.files.evaluation.read_bytes()
    assert message in fails(["evaluate", str(run.folder), *FEW, *options], capsys)
    assert run.files.evaluation.read_bytes() == before


def test_evidence_is_told_in_words(copied: Experiment, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evidence", str(copied.folder), "--quiet"]) == 0
    out = capsys.readouterr().out
    assert "Did a higher beta do it?" in out
    assert "As planned before the first step" in out
    assert "What each latent of beta-0.5_seed-0 does" in out
    assert "latent 2:" in out
    assert "evidence.json holds all of it" in out


def test_evidence_is_one_json_document(
    copied: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evidence", str(copied.folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["runs_included"] == ["beta-0.5_seed-0", "beta-2_seed-0"]


def test_one_run_is_asked_what_one_run_can_answer(
    copied: Experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lone = tmp_path / "lone"
    copied.run(beta=2).folder.rename(lone)
    before = sorted(path.name for path in lone.iterdir())
    assert main(["evidence", str(lone), "--quiet"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"{QUESTIONS[LATENTS]}\n")
    assert QUESTIONS[AXES] in out
    assert "cannot be asked of one run: there is no other beta to compare it with" in out
    assert "What each latent of lone does" in out
    assert sorted(path.name for path in lone.iterdir()) == before


def test_evaluate_lists_the_runs_of_a_folder(
    copied: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    copied.files.config.unlink()  # runs without an experiment
    line = fails(["evaluate", str(copied.folder)], capsys)
    assert f"unknot evaluate {copied.folder}/beta-0.5_seed-0 (or beta-2_seed-0)" in line


def test_evaluate_says_what_is_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is not the folder of a run" in fails(["evaluate", str(tmp_path)], capsys)


def test_computed_labels_can_be_left_out(
    copied: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["evidence", str(copied.folder), "--no-computed-labels", "--json"]
    assert main(command) == 0
    document = json.loads(capsys.readouterr().out)
    assert all(run["properties"] is None for run in document["runs"].values())
    assert all("properties" not in run["tests"] for run in document["axes"].values())
    assert document["plan"]["exploratory"] == ["computed labels: not as planned"]
