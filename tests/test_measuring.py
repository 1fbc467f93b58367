"""`unknot evaluate` and `unknot score` as their users meet them, and what a comparison measures."""

import json
from pathlib import Path

import numpy as np
import pytest

import unknot
from tests.measure.codes import codes_of, world
from tests.test_cli import TINY, fails, folder_of_images
from unknot.cli import main
from unknot.data.image_set import ImageSet
from unknot.describe import scores_table
from unknot.evaluation import BRIEF, Effort, evaluate_run, headline, held_out
from unknot.measure import KEYS
from unknot.training.run import Run

FEW = ["--permutations", "2", "--rotations", "2", "--resamples", "2", "--points", "100"]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    faces = unknot.load_images("faces", num=400, size=32)
    out = tmp_path_factory.mktemp("measured") / "run"
    return unknot.train(faces, 0.1, steps=40, batch_size=8, latent_dim=3, out=out)


@pytest.fixture
def npz(tmp_path: Path) -> Path:
    factors, perfect = world(400)
    path = tmp_path / "codes.npz"
    names = np.array(["shape", "scale", "x", "y"])
    np.savez(path, codes=codes_of(perfect)["rotated"], factors=factors, factor_names=names)
    return path


def test_training_measures_its_codes(run: Run) -> None:
    found = run.evaluation["measured"]
    assert tuple(found["scores"]) == KEYS
    assert found["num"] == len(held_out(run).labels) > 20
    assert set(found["scores"]["mig"]["per_factor"]) == set(unknot.data.faces.FACTOR_NAMES)
    assert found["aggregate_mismatch"]["total"] >= 0
    assert found["effort"]["points"] == BRIEF.points


def test_evaluate_writes_into_the_run(run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["evaluate", str(run.folder), *FEW, "--workers", "1", "--quiet"]) == 0
    shown = capsys.readouterr().out
    assert "latents active" in shown
    assert all(key in shown for key in KEYS)
    measured = run.evaluation["measured"]
    assert measured["effort"]["rotations"] == 2
    assert {"validation", "test"} <= set(run.evaluation)


def test_evaluate_on_other_data(run: Run) -> None:
    other = unknot.load_images("faces", num=60, size=32, seed=5)
    before = run.evaluation["measured"]
    found = evaluate_run(run, other, effort=Effort(0, 0, 0))
    assert found["num"] == 60
    assert run.evaluation["measured"] == before
    assert run.evaluation["measured_on"] == {"faces": json.loads(json.dumps(found))}


def test_evaluate_on_the_runs_own_data_takes_its_test_images(
    run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    own = unknot.load_images("faces", num=400, size=32)
    found = evaluate_run(run, own, effort=Effort(0, 0, 0))
    assert found["num"] == len(own.indices("test"))
    measured = evaluate_run(run, effort=Effort(0, 0, 0))
    assert found["scores"]["mig"]["value"] == pytest.approx(measured["scores"]["mig"]["value"])


def test_images_without_labels_leave_a_named_gap(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = folder_of_images(tmp_path / "images", 250)
    out = tmp_path / "run"
    assert main(["train", str(images), "--out", str(out), *TINY]) == 0
    measured = Run(out).evaluation["measured"]
    assert measured["scores"] == {}
    assert "no labels" in measured["problem"]
    assert "aggregate_mismatch" in measured
    assert "not measured: the images have no labels" in capsys.readouterr().out


def test_too_few_test_images_leave_a_named_gap(small_faces: ImageSet, tmp_path: Path) -> None:
    faces = unknot.load_images("faces", num=60, size=32)
    run = unknot.train(faces, 1, steps=4, batch_size=4, latent_dim=2, out=tmp_path / "run")
    assert "at least 20" in run.evaluation["measured"]["problem"]
    assert headline(run.evaluation["measured"]).startswith("not measured")


def test_many_labels_leave_the_nulls_to_evaluate(run: Run) -> None:
    few_labels = Effort(2, 2, 0, 100, max_labels=3)
    found = evaluate_run(run, effort=few_labels)
    assert all(one["null_rotation"] is None for one in found["scores"].values())


def test_evaluate_says_what_is_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is not the folder of a run" in fails(["evaluate", str(tmp_path)], capsys)


def test_score_shows_a_table(npz: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(npz), *FEW, "--workers", "1", "--quiet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:2] == ["score", "value"]
    assert [line.split()[0] for line in lines[1 : len(KEYS) + 1]] == list(KEYS)


def test_score_gives_one_json_document(npz: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(npz), *FEW, "--workers", "1", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert tuple(document) == KEYS
    wanted = {"value", "per_factor", "null_permutation", "null_rotation", "interval", "flags"}
    assert wanted <= set(document["mig"])
    assert set(document["mig"]["per_factor"]) == {"shape", "scale", "x", "y"}


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"codes": np.full((40, 2), np.nan)}, "not finite"),
        ({"codes": np.ones((8, 2)), "factors": np.arange(8) % 2}, "fewer than the 20 bins"),
        ({"codes": np.ones((39, 2))}, "39 points and factors 40"),
        ({"factors": np.zeros((40, 1))}, "factor with one value"),
        ({"factors": np.array(["left", "right"] * 20)}, "not numbers"),
        ({"factors": np.array([{}] * 40, object)}, "never unpickled"),
        ({"codes": np.array([None] * 40, object)}, "never unpickled"),
        ({"factor_names": np.array(["a", None], object)}, "never unpickled"),
        ({"factor_names": np.array([1])}, "store a text per factor"),
        ({"factor_kinds": np.array(["sometimes"])}, "give one of discrete"),
    ],
)
def test_bad_files_are_one_line(
    arrays: dict, message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good = {"codes": np.random.default_rng(0).random((40, 2)), "factors": np.arange(40) % 2}
    np.savez(tmp_path / "bad.npz", **(good | arrays))
    assert message in fails(["score", str(tmp_path / "bad.npz")], capsys)


def test_files_that_hold_something_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "other.npz", posterior_mean=np.ones((40, 2)))
    assert "unknot evaluate RUN" in fails(["score", str(tmp_path / "other.npz")], capsys)
    (tmp_path / "text.npz").write_text("hello")
    assert "cannot be read" in fails(["score", str(tmp_path / "text.npz")], capsys)
    assert "does not exist" in fails(["score", str(tmp_path / "none.npz")], capsys)
    assert "is no npz" in fails(["score", str(tmp_path / "codes.csv")], capsys)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--points", "5"], "points is 5"),
        (["--rotations", "-1"], "rotations is -1"),
        (["--workers", "0"], "workers is 0"),
        (["--seed", "-1"], "seed is -1"),
    ],
)
def test_bad_options_of_score(
    options: list[str], message: str, npz: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in fails(["score", str(npz), *options], capsys)


def test_a_failed_measurement_leaves_the_scores(run: Run) -> None:
    path = run.folder / "codes.npz"
    good = path.read_bytes()
    evaluate_run(run, effort=Effort(0, 0, 0))
    with np.load(path) as stored:
        spoilt = dict(stored) | {"posterior_mean": np.full_like(stored["posterior_mean"], np.nan)}
    np.savez(path, **spoilt)
    with pytest.raises(unknot.UserError, match="left as they are"):
        evaluate_run(run, effort=Effort(0, 0, 0))
    path.write_bytes(good)
    assert run.evaluation["measured"]["scores"]


def test_score_tells_void_from_unbounded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    factors, _ = world(400)
    a, b = np.random.default_rng(0).standard_normal((2, 400))
    np.savez(tmp_path / "c.npz", codes=np.stack([a, b, a + b], 1), factors=factors[:, :1])
    words = [*FEW, "--workers", "1", "--quiet"]
    assert main(["score", str(tmp_path / "c.npz"), *words]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line}
    assert lines["total_correlation"].split()[1] == "unbounded"
    assert lines["modularity"].split()[1] == "void"


def test_a_score_that_is_void_for_some_factors_is_shown() -> None:
    flag = "void: no latent beats the permutation null for yaw"
    one = {"value": 0.5, "flags": [flag], "null_rotation": None, "null_permutation": None}
    scores = {key: one | {"interval": None} for key in KEYS}
    assert "void" not in scores_table(scores).splitlines()[1]
    assert "0.500" in scores_table(scores).splitlines()[1]
    assert headline({"scores": scores, "active_latents": [0]}) == "DCI 0.50, InfoM 0.50"


@pytest.mark.parametrize(
    ("options", "message"), [(["--seed", "-1"], "seed is -1"), (["--workers", "0"], "workers is 0")]
)
def test_bad_options_of_evaluate_leave_the_scores(
    options: list[str], message: str, run: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    before = run.evaluation
    assert message in fails(["evaluate", str(run.folder), *FEW, *options], capsys)
    assert run.evaluation == before
