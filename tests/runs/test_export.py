"""Exported networks give what ours give."""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import unknot
from tests.command_line import fails
from unknot.cli import main
from unknot.common.errors import UserError
from unknot.common.files import write_json
from unknot.common.reading import read_json
from unknot.common.toml import to_toml
from unknot.data.image_set import ImageSet
from unknot.experiments.experiment import Experiment
from unknot.models.networks import NETWORKS
from unknot.runs.export import export_onnx, model_card


@pytest.mark.parametrize("network", list(NETWORKS))
@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_onnx_gives_what_ours_gives(
    network: str,
    likelihood: str,
    small_faces: ImageSet,
    tmp_path: Path,
) -> None:
    pytest.importorskip("onnxscript", reason="needs the extra onnx")
    runtime = pytest.importorskip("onnxruntime", reason="needs onnxruntime")
    scale = "unit" if likelihood == "bernoulli" else "per_pixel"
    run = unknot.train(
        small_faces,
        1,
        network=network,
        likelihood=likelihood,
        standardize=scale,
        out=tmp_path / "run",
        steps=10,
        batch_size=8,
        latent_dim=3,
        device="cpu",
    )
    files = export_onnx(run, tmp_path / "out")
    assert [path.name for path in files] == ["encoder.onnx", "decoder.onnx", "README.md"]
    encode, decode = (
        runtime.InferenceSession(tmp_path / "out" / name)
        for name in ("encoder.onnx", "decoder.onnx")
    )
    images = small_faces.images[:5]
    mean, logvar = encode.run(None, {"pixels": images.astype(np.float32) / 255})
    ours = run.posterior(images)
    assert np.abs(mean - ours.mean.numpy()).max() < 1e-4
    assert np.abs(logvar - ours.logvar.numpy()).max() < 1e-4
    z = np.random.default_rng(0).standard_normal((7, 3)).astype(np.float32)
    (pixels,) = decode.run(None, {"z": z})
    with torch.no_grad():
        model = run.model
        output = model.likelihood.mean(model.decode(torch.from_numpy(z)))
        expected = (output * model.pixel_std + model.pixel_mean).clamp(0, 1).numpy()
    assert np.abs(pixels - expected).max() < 1e-4


def test_the_command_writes_the_card_too(
    copied: Experiment, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    pytest.importorskip("onnxscript", reason="needs the extra onnx")
    run = copied.run(beta=2)
    assert main(["export", str(run.folder), "--out", str(tmp_path / "out")]) == 0
    assert "decoder.onnx" in capsys.readouterr().out
    assert (tmp_path / "out" / "README.md").read_text() == model_card(run)


def test_the_card_says_what_the_files_are_and_how_well_the_model_fits(trained: Experiment) -> None:
    run = trained.run(beta=2)
    card = model_card(run)
    assert "beta 2, seed 0" in card
    assert "(batch, 3, 32, 32)" in card
    assert f"{run.files.read_images().fingerprint})." in card
    test = run.evaluation.test
    assert f"On {test.num_images} test images: distortion {test.distortion:.1f}, rate" in card
    strongest = int(run.kl.argmax())
    assert f"Latents by their rate in nats: {strongest} ({run.kl[strongest]:.2f})" in card
    assert to_toml(run.config) in card


def test_nothing_of_a_hostile_name_is_markup_in_the_card(copied: Experiment) -> None:
    run = copied.run(beta=2)
    name = "`x` <img src=x onerror=alert(1)> [a](javascript:b) \u202e"
    run.config = replace(run.config, data=replace(run.config.data, source=f"/p/{name}"))
    card = model_card(run)
    assert "\u202e" not in card
    assert "``" in card.split("Trained by unknot on ")[1][:3]
    record = read_json(run.files.images)
    write_json(run.files.images, record | {"fingerprint": "<script>``\n# big"})
    run.files.done.write_text("2026-11-28\n")  # as version 0.1.0 wrote it, which knew no images
    assert "\\<script\\>" in model_card(run)
    assert "\n# big" not in model_card(run)


def test_no_file_is_exported_through_a_link_out_of_the_run(
    copied: Experiment, tmp_path: Path
) -> None:
    pytest.importorskip("onnxscript", reason="needs the extra onnx")
    run = copied.run(beta=2)
    (tmp_path / "elsewhere").mkdir()
    (run.folder / "export").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UserError, match="is a link to"):
        export_onnx(run, run.folder / "export")
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_missing_extra_is_said_in_one_line(
    trained: Experiment, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "onnxscript", None)
    folder = trained.run(beta=2).folder
    assert "pip install 'unknot[onnx]'" in fails(["export", str(folder)], capsys)
