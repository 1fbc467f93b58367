"""The evidence of an experiment as its users meet it: the file, and the objects."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.command_line import fails
from tests.evidence.conftest import BETAS
from unknot.cli import main
from unknot.common.files import write_json
from unknot.common.reading import DamageError, read_json
from unknot.data.image_set import ImageSet
from unknot.data.load import load_images
from unknot.evidence.answers import QUESTIONS
from unknot.evidence.collect import collect_evidence
from unknot.evidence.evidence import FORMAT, Evidence
from unknot.experiments.compare import compare
from unknot.experiments.experiment import Experiment
from unknot.models.networks.linear import linear
from unknot.runs.folder import RunFolder
from unknot.runs.own_digest import with_own_digest

UNTRAINED = {"device": "cpu", "engine": "inline", "steps": 1, "batch_size": 8, "latent_dim": 2}


def test_compare_writes_the_evidence(four_runs: Experiment) -> None:
    evidence = read_json(four_runs.files.evidence)
    assert evidence["format"] == FORMAT
    assert evidence["runs_included"] == [run.name for run in four_runs.runs()]
    answers = {answer["question"]: answer for answer in evidence["answers"]}
    assert list(answers) == list(QUESTIONS)
    assert answers["beta"]["answer"] == "cannot tell"
    assert "from 2 seeds of each beta" in answers["beta"]["sentence"]
    assert "seeds=[2, 3, 4]" in answers["beta"]["next"]  # these images have no command
    assert answers["which_beta"]["sentence"].startswith("Beta 0.5")
    assert evidence["verdict"]["lowest_beta"] == 0.5
    assert evidence["plan"]["exploratory"] == []
    assert evidence["plan"]["sha256"] == read_json(four_runs.files.plan)["sha256"]
    assert evidence["not_available"] == {}
    assert [row["beta"] for row in evidence["betas"]] == list(BETAS)
    udr = evidence["betas"][0]["udr"]
    assert all(0 <= udr[name] <= 1 for name in ("value", "pca", "untrained"))
    assert set(evidence["runs"]) == {run.name for run in four_runs.runs()}
    run = evidence["runs"]["beta-0.5_seed-0"]
    assert len(run["labels"]["effect"]) == 3
    assert len(run["traversal_effects"]["change_map"][0]) == 3
    assert "NaN" not in four_runs.files.evidence.read_text()


def test_observed_collapse_stands_beside_the_predicted(four_runs: Experiment) -> None:
    evidence = four_runs.saved_evidence()
    assert evidence is not None
    assert evidence.collapse is not None
    assert len(evidence.observed_vs_predicted) == 4
    for run, row in zip(four_runs.runs(), evidence.observed_vs_predicted):
        assert (row.beta, row.seed) == (run.config.beta, run.config.seed)
        assert row.rate == run.evaluation.test.rate
        assert row.predicted_rate == evidence.collapse.predict(row.beta).rate
        assert row.active == len(evidence.runs[run.name].labels.active.nonzero()[0])


def test_objects_hold_tables_as_arrays(four_runs: Experiment, faces: ImageSet) -> None:
    calls: list[tuple[str, int, int]] = []
    evidence = collect_evidence(
        four_runs.config,
        four_runs.files,
        faces,
        four_runs.runs(),
        progress=lambda what, done, total: calls.append((what, done, total)),
    )
    labels = evidence.runs["beta-8_seed-1"].labels
    assert labels is not None
    assert labels.effect.shape == (3, 9)
    assert labels.interval.shape == (3, 9, 2)
    assert evidence.verdict is not None
    assert evidence.verdict.lowest_beta == 0.5
    document = read_json(four_runs.files.evidence)
    assert json.loads(json.dumps(with_own_digest(evidence.as_dict()))) == document
    assert calls == [
        (what, done, 4) for what in ("evidence", "tests of latents") for done in (0, 1, 2, 3, 4)
    ]


def test_what_was_written_is_read_back(four_runs: Experiment) -> None:
    evidence = Evidence.load(four_runs.files.evidence)
    assert evidence is not None
    document = read_json(four_runs.files.evidence)
    assert json.loads(json.dumps(with_own_digest(evidence.as_dict()))) == document
    labels = evidence.runs["beta-8_seed-1"].labels
    assert labels is not None
    assert isinstance(labels.effect, np.ndarray)
    assert evidence.verdict is not None
    assert evidence.answer("beta") == evidence.answers[2]


def test_a_file_that_is_missing_or_of_another_version_is_no_evidence(tmp_path: Path) -> None:
    path = tmp_path / "evidence.json"
    assert Evidence.load(path) is None
    for document in ({"format": 1, "of": []}, {"guide": None, "gap": "as 0.0 left it"}):
        write_json(path, document)
        assert Evidence.load(path) is None
    write_json(path, [])
    with pytest.raises(DamageError, match=r"evidence.json is damaged \(no table\); unknot"):
        Evidence.load(path)


def test_evidence_of_an_older_version_is_collected_again(
    spoiled: Experiment, faces: ImageSet
) -> None:
    document = read_json(spoiled.files.evidence)
    write_json(spoiled.files.evidence, document | {"format": 1})
    assert spoiled.saved_evidence() is None
    assert "no evidence of these runs yet" in spoiled.report().read_text()
    compare(
        faces,
        [0.5, 8],
        [0, 1],
        out=spoiled.folder,
        device="cpu",
        steps=45,
        batch_size=16,
        latent_dim=3,
        learning_rate=0.02,
    )
    again = read_json(spoiled.files.evidence)
    assert again["runs"] == document["runs"]
    assert again["verdict"] == document["verdict"]


def test_what_was_not_planned_is_exploratory(spoiled: Experiment) -> None:
    description = spoiled.files.config.read_text()
    spoiled.files.config.write_text(description.replace("    1,\n]", "    1,\n    2,\n]"))
    evidence = Experiment(spoiled.folder).evidence()
    assert evidence.exploratory == ["seeds: 2 added", "2 of 6 runs are missing"]


def test_an_edited_or_missing_plan_is_exploratory(spoiled: Experiment) -> None:
    signed = read_json(spoiled.files.plan)
    signed["plan"]["rule"]["level"] = 0.5
    write_json(spoiled.files.plan, signed)
    assert "plan.json is not the one" in spoiled.evidence().exploratory[0]
    spoiled.files.plan.unlink()
    evidence = spoiled.evidence()
    assert "no plan" in evidence.exploratory[0]
    assert evidence.plan_hash is None


def trained_on_others(folder: RunFolder) -> None:
    """Make a run one that was trained on other images."""
    folder.done.unlink()
    write_json(folder.images, read_json(folder.images) | {"fingerprint": "other"})
    folder.mark_done()


def test_runs_of_other_images_are_left_out_by_name(spoiled: Experiment) -> None:
    trained_on_others(spoiled.run(8, 1).files)
    evidence = spoiled.evidence()
    assert evidence.not_available == {"beta-8_seed-1": "trained on other images; left out"}
    assert "beta-8_seed-1" not in evidence.runs
    assert "beta-8_seed-1" in evidence.runs_included
    assert evidence.exploratory == ["1 of 4 runs are missing"]


def test_one_beta_leaves_a_named_gap(spoiled: Experiment) -> None:
    for seed in (0, 1):
        spoiled.run(8, seed).files.done.unlink()
    evidence = spoiled.evidence()
    assert evidence.verdict is None
    assert evidence.not_available == {
        "beta-8_seed-0": "not finished",
        "beta-8_seed-1": "not finished",
        "verdict": "only one beta has finished runs; two betas or more can be compared",
    }
    assert "only one beta" in evidence.answer("beta").sentence
    assert evidence.exploratory == ["2 of 4 runs are missing"]
    assert evidence.betas[0].rotation_percentile[0] is not None  # without a verdict too


def test_runs_of_other_images_alone_leave_a_named_gap(spoiled: Experiment, faces: ImageSet) -> None:
    runs = spoiled.runs()[:1]
    trained_on_others(runs[0].files)
    evidence = collect_evidence(spoiled.config, spoiled.files, faces, runs)
    assert evidence.not_available["verdict"] == "no run is finished"
    assert evidence.betas == []


def test_images_without_labels_leave_named_gaps(bare_faces: ImageSet, tmp_path: Path) -> None:
    experiment = compare(bare_faces, [1, 4], out=tmp_path / "e", **UNTRAINED)
    evidence = experiment.saved_evidence()
    assert evidence is not None
    assert evidence.not_available == {
        "labels": "the images have no labels",
        "selectivity": "the images have no label that can be tested",
        "verdict": "at beta 1 fewer than two latents are in use (seed 0); at beta 4 fewer than two "
        "latents are in use (seed 0), and it takes two at the lowest beta and at another",
    }
    assert all("cannot be asked" not in answer.sentence for answer in evidence.answers)
    run = evidence.runs["beta-1_seed-0"]
    assert run.labels is None
    assert run.properties is not None
    assert "brightness" in run.properties.label_names
    assert evidence.betas[0].selectivity == (None,)
    assert evidence.betas[0].linear_probe == (None,)


def test_a_network_of_ones_own_is_asked_where_its_builder_is_given(
    tmp_path: Path, faces: ImageSet, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment = compare(
        faces, [1, 4], out=tmp_path / "own", network=linear, progress=False, **UNTRAINED
    )
    evidence = experiment.saved_evidence()
    assert evidence is not None
    assert evidence.not_available == {}
    without_builder = Experiment(experiment.folder).evidence(faces)
    assert set(without_builder.not_available) == {"traversal effects", "untrained"}
    assert without_builder.runs["beta-1_seed-0"].labels is not None
    assert "network of your own" in fails(["evidence", str(experiment.folder)], capsys)


def test_the_command_tells_it_in_words(
    four_runs: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evidence", str(four_runs.folder), "--quiet"]) == 0
    text = capsys.readouterr().out
    assert "Cannot tell from 2 seeds of each beta" in text
    assert "Which beta should I take?" in text
    assert "As planned before the first step" in text
    assert "What each latent of beta-0.5_seed-0 does" in text
    assert "latent 2:" in text
    assert "levels" in text
    assert "evidence.json holds all of it" in text


def test_the_command_gives_one_json_document(
    four_runs: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evidence", str(four_runs.folder), "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["verdict"]["lowest_beta"] == 0.5


def test_the_command_is_for_experiments_with_finished_runs(
    spoiled: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    for done in spoiled.folder.glob("*/done"):
        done.unlink()
    assert "holds no finished run" in fails(["evidence", str(spoiled.folder)], capsys)


def test_labels_that_are_given_later_make_it_exploratory(
    bare_faces: ImageSet, tmp_path: Path
) -> None:
    experiment = compare(bare_faces, [1, 4], out=tmp_path / "e", **UNTRAINED)
    later = np.random.default_rng(0).standard_normal(len(bare_faces))
    labelled = load_images(bare_faces.images, factors={"age": later})
    evidence = experiment.evidence(labelled)
    labels = evidence.runs["beta-1_seed-0"].labels
    assert labels is not None
    assert labels.label_names == ("age",)
    assert evidence.exploratory == ["labels: age added"]


def test_it_is_printed_as_questions_with_answers(four_runs: Experiment) -> None:
    evidence = four_runs.saved_evidence()
    assert str(evidence).startswith("What does each latent do?\n  At beta 0.5 (seed 0), ")
