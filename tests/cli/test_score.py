"""`unknot score` as its users meet it."""

import json
from pathlib import Path

import numpy as np
import pytest

from tests.command_line import fails, folder_of_images
from tests.metrics.codes import codes_of, world
from unknot.cli import main
from unknot.cli.evaluate import NullOptions
from unknot.cli.options import OutputOptions
from unknot.cli.score import ScoreOptions, _some_rows, score_command
from unknot.data.image_set import ImageSet
from unknot.data.load import load_images
from unknot.evidence.answers import AXES, QUESTIONS
from unknot.evidence.rotation_test import RotationTest
from unknot.experiments.experiment import Experiment
from unknot.metrics import KEYS

FEW = ["--permutations", "2", "--rotations", "2", "--subsamples", "2", "--max-points", "100"]


@pytest.fixture
def npz(tmp_path: Path) -> Path:
    factors, perfect = world(400)
    path = tmp_path / "codes.npz"
    names = np.array(["shape", "scale", "x", "y"])
    np.savez(path, codes=codes_of(perfect)["rotated"], factors=factors, factor_names=names)
    return path


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
        ("collapsed", "Cannot tell: no latents are in use, and it takes two to mix them."),
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


def test_too_many_latents_are_refused_with_the_time_that_they_take(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    np.savez(
        tmp_path / "wide.npz", codes=np.ones((2_000, 3_000), "f2"), factors=np.ones((2_000, 1))
    )
    line = fails(["score", str(tmp_path / "wide.npz")], capsys)
    assert "holds 3,000 latents; each of the draws would take about 20 minutes" in line
    line = fails(["score", str(tmp_path / "wide.npz"), "--permutations", "1000000000"], capsys)
    assert "permutations is 1000000000; even at 0.1 s each they take 27,778 hours" in line
    line = fails(["score", str(tmp_path / "wide.npz"), "--workers", "1000000000"], capsys)
    assert "workers is 1,000,000,000: so many processes take about 314,572,800 GB" in line
    line = fails(["score", str(tmp_path / "wide.npz"), "--active-above", "1e300"], capsys)
    assert "active_above is 1e+300; give at most 1e+100" in line


def test_files_that_hold_something_else(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    np.savez(tmp_path / "other.npz", images=np.ones((40, 2)))
    assert "has no array called codes" in fails(["score", str(tmp_path / "other.npz")], capsys)
    (tmp_path / "text.npz").write_text("hello")
    assert "cannot be read" in fails(["score", str(tmp_path / "text.npz")], capsys)
    assert "does not exist" in fails(["score", str(tmp_path / "none.npz")], capsys)
    line = fails(["score", str(tmp_path / "codes.csv")], capsys)
    assert "unknot encode RUN DATA --out codes.npz" in line


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


def test_what_encode_writes_is_scored(
    copied: Experiment, small_faces: ImageSet, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run, path = copied.run(beta=2), tmp_path / "codes.npz"
    run.write_codes(small_faces, path)
    for file in (path, run.files.codes):
        assert main(["score", str(file), *FEW, "--workers", "1", "--json"]) == 0
        mig = json.loads(capsys.readouterr().out)["mig"]
        assert "skin_tone" in mig["per_factor"]


def test_codes_of_images_without_labels_ask_for_a_table(
    copied: Experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = load_images(folder_of_images(tmp_path / "images", 60), size=32)
    path, table = tmp_path / "codes.npz", tmp_path / "table.csv"
    copied.run(beta=2).write_codes(images, path)
    assert f"unknot score {path} --labels table.csv" in fails(["score", str(path)], capsys)
    rows = [f"{name},{i % 3}" for i, name in enumerate(images.names)]
    table.write_text("\n".join(["file,level", *rows]))
    command = ["score", str(path), "--labels", str(table), *FEW, "--workers", "1", "--json"]
    assert main(command) == 0
    assert set(json.loads(capsys.readouterr().out)["mig"]["per_factor"]) == {"level"}


def test_a_table_needs_the_names_of_the_images(
    npz: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "table.csv").write_text("file,level\na.png,1\n")
    line = fails(["score", str(npz), "--labels", str(tmp_path / "table.csv")], capsys)
    assert "has no array called name" in line
