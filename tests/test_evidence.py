"""The evidence of an experiment as its users meet it: the file, the terminal, the objects."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import unknot
from tests.test_cli import fails, folder_of_images
from unknot.answers import answers, betas_table, verdict_text
from unknot.begin import describe_experiment
from unknot.cli import main
from unknot.data.image_set import ImageSet
from unknot.errors import UserError
from unknot.experiment import Experiment, experiment_config
from unknot.files import read_json, write_json
from unknot.findings import Evidence
from unknot.model.networks import linear

TINY = {"steps": 30, "batch_size": 16, "latent_dim": 3, "learning_rate": 0.02}  # latents in use


@pytest.fixture(scope="module")
def images(own_cache: Path) -> ImageSet:
    return unknot.load_images("faces", num=600, size=32)


@pytest.fixture(scope="module")
def finished(images: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> Experiment:
    out = tmp_path_factory.mktemp("evidence") / "experiment"
    return unknot.compare(images, [0.5, 8], [0, 1], out=out, device="cpu", **TINY)


@pytest.fixture
def copy(finished: Experiment, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished.folder, tmp_path / "copy"))


def test_compare_writes_the_evidence(finished: Experiment) -> None:
    evidence = read_json(finished.folder / "evidence.json")
    assert evidence["verdict"]["outcome"] == "too few runs to tell"
    assert evidence["verdict"]["seeds_needed"] == 4
    assert evidence["plan"]["exploratory"] == []
    assert evidence["plan"]["sha256"] == read_json(finished.folder / "plan.json")["sha256"]
    assert evidence["gaps"] == {}
    assert [one["beta"] for one in evidence["betas"]] == [0.5, 8]
    udr = evidence["betas"][0]["udr"]
    assert all(0 <= udr[name] <= 1 for name in ("value", "pca", "untrained"))
    assert set(evidence["runs"]) == {run.folder.name for run in finished.runs()}
    one = evidence["runs"]["beta-0.5_seed-0"]
    assert len(one["labels"]["effect"]) == 3
    assert len(one["movement"]["where"][0]) == 3
    assert "NaN" not in (finished.folder / "evidence.json").read_text()


def test_objects_hold_tables_as_arrays(finished: Experiment) -> None:
    found = finished.evidence()
    assert isinstance(found, Evidence)
    told = found.runs["beta-8_seed-1"].labels
    assert told is not None
    assert told.effect.shape == (3, 9)
    assert told.interval.shape == (3, 9, 2)
    assert found.verdict is not None
    assert found.verdict.lowest == 0.5
    assert json.loads(json.dumps(found.as_dict())) == read_json(finished.folder / "evidence.json")


def test_evaluate_tells_it_in_words(
    finished: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(finished.folder), "--evidence-only", "--quiet"]) == 0
    shown = capsys.readouterr().out
    assert "Did a higher beta separate the latents? Too few runs to tell" in shown
    assert "--seeds 0 1 2 3" in shown
    assert "As planned before the first step" in shown
    assert "What each latent of beta-0.5_seed-0 does" in shown
    assert "latent 2:" in shown
    assert "levels" in shown
    assert "evidence.json holds all of it" in shown


def test_evaluate_gives_one_json_document(
    finished: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["evaluate", str(finished.folder), "--evidence-only", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document[str(finished.folder)]["verdict"]["lowest_beta"] == 0.5


def test_evidence_only_is_for_experiments(finished: Experiment, capsys) -> None:
    run = finished.folder / "beta-8_seed-0"
    line = fails(["evaluate", str(run), "--evidence-only"], capsys)
    assert "a run" in line


def test_the_verdict_names_the_seeds_that_are_missing(finished: Experiment) -> None:
    evidence = read_json(finished.folder / "evidence.json")
    text = verdict_text(evidence)
    assert text.startswith("Did a higher beta separate the latents? Too few runs to tell")
    assert "(--seeds 0 1 2 3, with another --out" in text
    for one in evidence["betas"]:
        one["seeds"] = [7, 3]
    assert "(--seeds 3 7 0 1," in verdict_text(evidence)
    assert len(betas_table(evidence["betas"]).splitlines()) == 3


def test_evidence_of_other_runs_or_of_an_older_version_is_not_shown(
    copy: Path, images: ImageSet
) -> None:
    experiment = Experiment(copy)
    assert experiment.noted_evidence() is not None
    (copy / "beta-8_seed-1" / "done").rename(copy / "done")
    assert experiment.noted_evidence() is None
    assert "no evidence of these runs yet" in experiment.report().read_text()
    (copy / "done").rename(copy / "beta-8_seed-1" / "done")
    write_json(copy / "evidence.json", {"guide": None, "gap": "as version 0.0 left it"})
    assert experiment.noted_evidence() is None
    unknot.compare(images, [0.5, 8], [0, 1], out=copy, device="cpu", **TINY)
    assert experiment.noted_evidence() is not None


def test_what_was_not_planned_is_exploratory(copy: Path) -> None:
    path = copy / "experiment.toml"
    described = path.read_text()
    path.write_text(described.replace("    1,\n]", "    1,\n    2,\n]"))
    evidence = Experiment(copy).evidence().as_dict()
    assert evidence["plan"]["exploratory"] == ["seeds: 2 added", "2 of 6 runs are missing"]
    text = verdict_text(evidence)
    assert "latents? Exploratory, not as planned. Too few" in text
    assert "This is exploratory" in text


def test_a_plan_stays_once_a_run_has_begun(copy: Path, images: ImageSet) -> None:
    plan = read_json(copy / "plan.json")
    config = experiment_config(images, [0.5, 8], [0, 1, 2], **TINY)
    config = replace(config, training=config.training.resolved())
    describe_experiment(config, images, copy)
    assert read_json(copy / "plan.json") == plan
    assert Experiment(copy).config.seeds == (0, 1, 2)


def test_a_plan_may_change_before_the_first_step(tmp_path: Path, images: ImageSet) -> None:
    hashes = []
    for seeds in ([0], [0, 1]):
        describe_experiment(experiment_config(images, [1, 2], seeds), images, tmp_path / "e")
        hashes.append(read_json(tmp_path / "e" / "plan.json")["sha256"])
        assert read_json(tmp_path / "e" / "environment.json")["plan_sha256"] == hashes[-1]
    assert hashes[0] != hashes[1]


def test_an_edited_or_missing_plan_is_exploratory(copy: Path) -> None:
    signed = read_json(copy / "plan.json")
    signed["plan"]["rule"]["level"] = 0.5
    write_json(copy / "plan.json", signed)
    assert "plan.json is not the one" in Experiment(copy).evidence().exploratory[0]
    (copy / "plan.json").unlink()
    assert "no plan" in Experiment(copy).evidence().exploratory[0]


def test_runs_of_other_images_are_left_out_by_name(copy: Path) -> None:
    noted = copy / "beta-8_seed-1" / "images.json"
    write_json(noted, read_json(noted) | {"fingerprint": "other"})
    found = Experiment(copy).evidence()
    assert found.gaps == {"beta-8_seed-1": "trained on other images; left out"}
    assert "beta-8_seed-1" not in found.runs
    assert found.exploratory == ["1 of 4 runs are missing"]


def test_one_beta_leaves_a_named_gap(copy: Path, images: ImageSet) -> None:
    for seed in (0, 1):
        (copy / f"beta-8_seed-{seed}" / "done").unlink()
    found = Experiment(copy).evidence()
    assert found.verdict is None
    assert found.gaps == {
        "beta-8_seed-0": "not finished",
        "beta-8_seed-1": "not finished",
        "verdict": "runs of 1 beta are there; a verdict needs those of two or more",
    }
    assert found.exploratory == ["2 of 4 runs are missing"]
    assert "It cannot be asked: runs of 1 beta" in answers(found.as_dict())


def test_images_without_labels_leave_named_gaps(tmp_path: Path) -> None:
    bare = unknot.load_images(folder_of_images(tmp_path / "images", 250), size=32)
    experiment = unknot.compare(bare, [1, 4], out=tmp_path / "e", device="cpu", **TINY)
    evidence = read_json(experiment.folder / "evidence.json")
    assert evidence["verdict"] is None
    assert evidence["gaps"] == {
        "labels": "the images have no labels",
        "verdict": "no label can be told, and selectivity needs labels",
        "selectivity": "the images have no label that can be told",
    }
    assert evidence["betas"][0]["selectivity"] == [None]
    shown = answers(evidence)
    assert "latent 2:" in shown
    assert "- labels: the images have no labels" in shown


def test_a_network_of_ones_own_is_asked_where_its_builder_is_given(
    tmp_path: Path, images: ImageSet, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "own"
    options = {**TINY, "steps": 5}
    unknot.compare(images, [1, 4], [0], out=out, device="cpu", network=linear, **options)
    assert read_json(out / "evidence.json")["gaps"] == {}
    assert "network of your own" in fails(["evaluate", str(out), "--evidence-only"], capsys)
    found = Experiment(out).evidence(images)
    assert set(found.gaps) == {"movement", "untrained"}
    assert found.runs["beta-1_seed-0"].labels is not None


def test_an_experiment_without_runs_is_refused(copy: Path, capsys) -> None:
    for done in copy.glob("*/done"):
        done.unlink()
    with pytest.raises(UserError, match="holds no finished run"):
        Experiment(copy).evidence()
    assert "holds no finished run" in fails(["evaluate", str(copy)], capsys)


def test_a_collapsed_model_is_told_as_such(copy: Path) -> None:
    for seed in (0, 1):
        path = copy / f"beta-8_seed-{seed}" / "codes.npz"
        arrays = dict(np.load(path))
        arrays["posterior_mean"][:] = 0
        arrays["posterior_logvar"][:] = 0
        np.savez(path, **arrays)
    found = Experiment(copy).evidence()
    high = found.as_dict()["betas"][1]
    assert (high["active"], high["percentile"], high["cosine"]) == (
        (0, 0),
        (None,) * 2,
        (None,) * 2,
    )
    assert "latent 0: out of use" in answers(found.as_dict())
