"""Exported networks give what ours give."""

from pathlib import Path

import numpy as np
import pytest
import torch

import unknot
from tests.test_cli import fails
from unknot.cli import main
from unknot.data.image_set import ImageSet
from unknot.model.networks import NETWORKS
from unknot.training.run import Run

OPTIONS = {"steps": 10, "batch_size": 8, "latent_dim": 3, "device": "cpu"}


@pytest.mark.parametrize("network", list(NETWORKS))
@pytest.mark.parametrize("likelihood", ["gaussian", "bernoulli"])
def test_onnx_gives_what_ours_gives(
    network: str,
    likelihood: str,
    small_faces: ImageSet,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    pytest.importorskip("onnxscript", reason="needs the extra onnx")
    runtime = pytest.importorskip("onnxruntime", reason="needs onnxruntime")
    scale = "unit" if likelihood == "bernoulli" else "per_pixel"
    run = unknot.train(
        *(small_faces, 1),
        network=network,
        likelihood=likelihood,
        standardize=scale,
        out=tmp_path / "run",
        **OPTIONS,
    )
    assert main(["export", str(run.folder), "--out", str(tmp_path / "out")]) == 0
    assert "decoder.onnx" in capsys.readouterr().out
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
    card = (tmp_path / "out" / "README.md").read_text()
    assert "beta 1, seed 0" in card
    assert "(batch, 3, 32, 32)" in card


def test_a_missing_extra_is_said_in_one_line(
    small_faces: ImageSet,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    run: Run = unknot.train(small_faces, 1, network="linear", out=tmp_path / "run", **OPTIONS)
    capsys.readouterr()
    monkeypatch.setitem(__import__("sys").modules, "onnxscript", None)
    assert "pip install 'unknot[onnx]'" in fails(["export", str(run.folder)], capsys)
