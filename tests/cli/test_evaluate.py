"""`unknot evaluate`, `evidence`, `blind` and `score` as their users meet them."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from tests.command_line import TINY, fails, folder_of_images
from tests.metrics.codes import codes_of, world
from unknot.cli import main
from unknot.cli.evaluate import NullOptions, ScoreOptions, _some_rows, score_command
from unknot.cli.options import OutputOptions
from unknot.data.image_set import ImageSet
from unknot.evidence.answers import AXES, QUESTIONS
from unknot.evidence.preregistration import BLIND_SEED
from unknot.evidence.rotation_test import RotationTest
from unknot.experiments.experiment import Experiment
from unknot.metrics import KEYS
from unknot.report.blind.answers import Answers, write_code
from unknot.report.blind.experiment import latents_test
from unknot.report.blind.trials import LATENTS
from unknot.runs.run import Run

FEW = ["--permutations", "2", "--rotations", "2", "--subsamples", "2", "--max-points", "100"]


@pytest.fixture
def npz(tmp_path: Path) -> Path:
    factors, perfect = world(400)
    path = tmp_path / "codes.npz"
    names = np.array(["shape", "scale", "x", "y"])
    np.savez(path, codes=codes_of(perfect)["rotated"], factors=factors, factor_names=names)
    return path


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


def test_evidence_is_for_experiments(
    trained: Experiment, small_faces: ImageSet, capsys: pytest.CaptureFixture[str]
) -> None:
    line = fails(["evidence", str(trained.folder / "beta-2_seed-0")], capsys)
    assert "is one run; evidence is asked of an experiment" in line


def test_evaluate_says_what_is_no_run(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert "is not the folder of a run" in fails(["evaluate", str(tmp_path)], capsys)


def _blind_code(experiment: Experiment, **changes: object) -> str:
    """A code of a reader who is right in every trial at beta 2."""
    test = latents_test(experiment.run(beta=2), BLIND_SEED)
    answers = Answers(
        kind=LATENTS,
        digest=test.digest,
        reader=1,
        attempt=1,
        chose_first=(True,) * len(test.trials),
    )
    return write_code(replace(answers, **changes))


def test_blind_puts_readers_together(seen: Experiment, capsys: pytest.CaptureFixture[str]) -> None:
    codes = [f"file:///page.html#blind={_blind_code(seen)}", _blind_code(seen, reader=2)]
    assert main(["blind", str(seen.folder), *codes]) == 0
    out = capsys.readouterr().out
    assert "Together, 2 readers told the latents from random directions (p < .001)." in out
    assert main(["blind", str(seen.folder), *codes, codes[0], "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert document["left_out"] == ["Code 3 is the same as code 1; it is counted once."]
    (test,) = document["tests"]
    assert test["pooled"]["chosen"] == test["pooled"]["num"] == 2 * test["readers"][0]["num"]


def test_codes_that_do_not_belong_are_one_line(
    seen: Experiment, experiment: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = _blind_code(seen)
    assert "is damaged; copy the whole of it" in fails(
        ["blind", str(seen.folder), code[:-3]], capsys
    )
    assert "no code is given" in fails(["blind", str(seen.folder)], capsys)
    assert "code 1 is of another experiment" in fails(["blind", str(experiment), code], capsys)
    assert "it has no experiment.toml" in fails(["blind", str(experiment.parent), code], capsys)


def test_answers_about_a_network_of_ones_own_are_for_python(
    copied: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    text = copied.files.config.read_text()
    copied.files.config.write_text(text.replace(f'"{copied.config.model.network}"', '"custom"'))
    line = fails(["blind", str(copied.folder), "AQ"], capsys)
    assert "has a network of your own; from Python:" in line


def test_score_shows_a_table(npz: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(npz), *FEW, "--workers", "1", "--quiet"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:2] == ["score", "value"]
    assert [line.split()[0] for line in lines[1 : len(KEYS) + 1]] == list(KEYS)
    assert lines[-1].startswith("Are the latents special, or would a random mix of them do as well")


@pytest.mark.parametrize(
    ("codes", "answer"),
    [
        ("perfect", "Yes: no random mix of 1,000 tells the factors as selectively (p < .001)."),
        ("noise", "No sign of it: "),
        ("collapsed", "Cannot tell: 0 active latents: there are no axes to rotate."),
    ],
)
def test_score_says_whether_latents_are_special(codes: str, answer: str, tmp_path: Path) -> None:
    factors, perfect = world(400)
    np.savez(tmp_path / "codes.npz", codes=codes_of(perfect)[codes], factors=factors)
    nulls = NullOptions(permutations=0, rotations=0, subsamples=0, workers=1)
    options = ScoreOptions(tmp_path / "codes.npz", nulls=nulls, output=OutputOptions(quiet=True))
    text, document = score_command(options)
    last = text.splitlines()[-1]
    assert last.startswith(f"{QUESTIONS[AXES]} {answer}")
    assert (document["axes"]["p_value"] is None) == (codes == "collapsed")


def test_latents_below_the_threshold_are_not_rotated(tmp_path: Path) -> None:
    """The threshold is a standard deviation: .2 leaves one of .3 in, and its square is .09."""
    factors, perfect = world(400)
    np.savez(tmp_path / "codes.npz", codes=perfect * [1, 1, 0.3, 0.1], factors=factors)
    nulls = NullOptions(permutations=0, rotations=0, subsamples=0, workers=1)
    output = OutputOptions(quiet=True)
    options = ScoreOptions(tmp_path / "codes.npz", active_above=0.2, nulls=nulls, output=output)
    assert list(score_command(options)[1]["axes"]["excluded"]) == ["latent 3"]


def test_all_images_are_rotated_up_to_five_thousand() -> None:
    assert _some_rows(5_000, 0).tolist() == list(range(5_000))
    rows = _some_rows(6_000, 0)
    assert len(np.unique(rows)) == 5_000
    assert (rows == _some_rows(6_000, 0)).all()
    assert (rows != _some_rows(6_000, 1)).any()


def test_score_gives_one_json_document(npz: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["score", str(npz), *FEW, "--workers", "1", "--json"]) == 0
    document = json.loads(capsys.readouterr().out)
    assert tuple(document) == (*KEYS, "axes")
    assert RotationTest.from_dict(document["axes"]).rotations == 1_000
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
        (["--max-points", "5"], "max_points is 5"),
        (["--rotations", "-1"], "rotations is -1"),
        (["--workers", "0"], "workers is 0"),
        (["--seed", "-1"], "seed is -1"),
    ],
)
def test_bad_options_of_score(
    options: list[str], message: str, npz: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert message in fails(["score", str(npz), *options], capsys)


def test_score_tells_void_from_unbounded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    factors, _ = world(400)
    a, b = np.random.default_rng(0).standard_normal((2, 400))
    np.savez(tmp_path / "c.npz", codes=np.stack([a, b, a + b], 1), factors=factors[:, :1])
    assert main(["score", str(tmp_path / "c.npz"), *FEW, "--workers", "1", "--quiet"]) == 0
    lines = {line.split()[0]: line for line in capsys.readouterr().out.splitlines() if line}
    assert lines["total_correlation"].split()[1] == "unbounded"
    assert lines["modularity"].split()[1] == "void"


def test_computed_labels_can_be_left_out(
    copied: Experiment, capsys: pytest.CaptureFixture[str]
) -> None:
    command = ["evidence", str(copied.folder), "--no-computed-labels", "--json"]
    assert main(command) == 0
    document = json.loads(capsys.readouterr().out)
    assert all(run["properties"] is None for run in document["runs"].values())
    assert all("properties" not in run["tests"] for run in document["axes"].values())
    assert document["plan"]["exploratory"] == ["computed_labels is not as planned"]
