"""Which betas can matter, before training."""

import json
from pathlib import Path

import numpy as np
import pytest

import unknot
from tests.test_cli import TINY, fails
from unknot.cli import main
from unknot.data.image_set import ImageSet
from unknot.errors import UserError
from unknot.evidence.guide import make_guide
from unknot.evidence.spectrum import Spectrum, spectrum


def _made(eigenvalues: list[float], latent_dim: int = 3, sigma: float = 1.0):
    directions = np.empty((0, 0), np.float32)
    found = Spectrum(np.array(eigenvalues), sum(eigenvalues) + 10.0, 1_000, directions)
    return make_guide(found, latent_dim, 100, sigma=sigma)


@pytest.mark.parametrize("standardize", ["per_pixel", "unit"])
def test_spectrum_equals_the_exact_one(small_faces: ImageSet, standardize: str) -> None:
    found = spectrum(small_faces, 6, standardize=standardize)
    rows = small_faces.images[small_faces.indices("train")]
    pixels = rows.reshape(len(rows), -1) / 255
    if standardize == "per_pixel":
        pixels = (pixels - pixels.mean(0)) / np.maximum(pixels.std(0), 2 / 255)
    exact = np.linalg.svd(pixels - pixels.mean(0), compute_uv=False) ** 2 / len(rows)
    np.testing.assert_allclose(found.eigenvalues, exact[:6], rtol=0.01)
    assert found.total == pytest.approx(exact.sum(), rel=1e-3)


def test_the_linear_model_at_one_beta() -> None:
    """Latent i is in use if its eigenvalue exceeds beta, and carries 0.5 ln(eigenvalue / beta)."""
    linear = _made([100, 50, 4, 1]).predict(10)
    assert linear.active == 2
    assert linear.rate == pytest.approx(0.5 * np.log(10 * 5))
    assert linear.distortion == pytest.approx(0.5 * (4 + 1 + 10 + 2 * 10))


def test_sigma_moves_the_switch_off() -> None:
    assert _made([100, 50, 4]).switch_off.tolist() == [100, 50, 4]
    assert _made([100, 50, 4], sigma=2.0).switch_off.tolist() == [25, 12.5, 1]
    assert _made([100, 50, 4], sigma=2.0).predict(13).active == 1


def test_more_latents_than_directions() -> None:
    guide = _made([100, 50], latent_dim=4)
    assert guide.switch_off.tolist() == [100, 50, 0, 0]
    assert all(beta > 0 for beta in guide.proposed)


def test_the_warning_names_the_first_switch_off() -> None:
    guide = _made([3000, 1000, 448])
    assert "keeps all of them below beta 448; your largest is 10" in guide.warning([0.1, 10])
    assert guide.warning([1, 400]) == ""


def test_the_proposed_grid_spans_the_range() -> None:
    guide = _made([3000, 1000, 448])
    assert guide.proposed[0] == 1
    assert guide.proposed[-1] == 1000
    assert 448 / 11 < guide.proposed[1] < 448


def test_guide_of_faces_is_a_table_and_a_document(capsys: pytest.CaptureFixture[str]) -> None:
    faces = unknot.load_images("faces", num=200, size=32)
    found = unknot.guide(faces, 4)
    assert len(found.eigenvalues) == 10
    document = found.as_dict([1, 10])
    assert json.loads(json.dumps(document)) == document
    assert document["model"] == "linear"


def test_other_likelihoods_have_no_guide(small_faces: ImageSet) -> None:
    with pytest.raises(UserError, match="Gaussian pixels of a fixed sigma only"):
        unknot.guide(small_faces, likelihood="bernoulli", standardize="unit")


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    from tests.test_cli import folder_of_images

    return folder_of_images(tmp_path_factory.mktemp("guide") / "images", 40)


def test_the_command(images: Path, capsys: pytest.CaptureFixture[str]) -> None:
    asked = ["guide", str(images), "--size", "32", "--latent-dim", "2", "--quiet"]
    assert main(asked) == 0
    shown = capsys.readouterr().out
    assert "A linear model with 2 latents" in shown
    assert "proposed: --betas" in shown
    assert main([*asked, "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["switch_off"]) == 2
    assert "numbers above 0" in fails([*asked, "--betas", "0", "1"], capsys)


def test_compare_takes_the_proposed_betas(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "experiment"
    assert main(["compare", str(images), "--betas", "auto", "--out", str(out), *TINY]) == 0
    evidence = json.loads((out / "evidence.json").read_text())
    experiment = unknot.Experiment(out)
    assert list(experiment.config.betas) == evidence["guide"]["proposed"]
    assert {row["beta"] for row in evidence["observed"]} == set(experiment.config.betas)
    assert {"predicted_active", "predicted_rate"} <= set(evidence["observed"][0])
    assert main(["compare", str(images), "--betas=auto", "--out", str(out), *TINY]) == 0
    assert "finished already" in capsys.readouterr().out


def test_compare_says_when_no_beta_comes_near(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "run"
    assert main(["compare", str(images), "--betas", "0.01", "--out", str(out), *TINY]) == 0
    assert "note: a linear model with 2 latents keeps all of them" in capsys.readouterr().out


def test_auto_betas_need_a_guide(
    images: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["compare", str(images), "--betas", "auto", "--out", str(tmp_path / "e"), *TINY]
    words += ["--likelihood", "bernoulli", "--standardize", "unit"]
    assert "give the betas yourself" in fails(words, capsys)
