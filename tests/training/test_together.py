"""Runs as one batched program beside the same runs apart."""

from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from unknot.config import ModelConfig, RunConfig, TrainingConfig
from unknot.data.image_set import ImageSet
from unknot.errors import UserError
from unknot.training.history import read_history
from unknot.training.loop import fit, fit_together

TINY = TrainingConfig(
    steps=20, batch_size=8, validate_every=10, checkpoint_every=10, log_every=5, precision="float32"
)
RUNS = [RunConfig(beta, seed, training=TINY) for beta, seed in ((0.5, 0), (4.0, 0), (4.0, 1))]


def test_each_run_is_what_it_is_alone(small_faces: ImageSet, tmp_path: Path) -> None:
    together = [(run, tmp_path / "together" / run.name) for run in RUNS]
    assert fit_together(together, small_faces, device="cpu") == {}
    for run, folder in together:
        fit(run, small_faces, tmp_path / run.name, device="cpu")
        ours, theirs = (
            load_file(at / "weights.safetensors") for at in (folder, tmp_path / run.name)
        )
        for name, expected in theirs.items():
            torch.testing.assert_close(ours[name], expected, rtol=1e-3, atol=1e-5)
        losses = [
            [line["loss"] for line in read_history(at)] for at in (folder, tmp_path / run.name)
        ]
        assert losses[0] == pytest.approx(losses[1], rel=1e-5)


def test_one_that_diverges_leaves_the_others_alone(
    small_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    runs = [(run, tmp_path / run.name) for run in RUNS[:2]]
    runs[0] = (RunConfig(1e38, 0, training=TINY), tmp_path / "wild")
    failed = fit_together(runs, small_faces, device="cpu")
    assert list(failed) == [tmp_path / "wild"]
    assert "diverged" in str(failed[tmp_path / "wild"])
    assert (runs[1][1] / "weights.safetensors").exists()
    assert not (tmp_path / "wild" / "weights.safetensors").exists()


def test_a_run_apart_does_not_go_on_together(small_faces: ImageSet, tmp_path: Path) -> None:
    fit(RUNS[0], small_faces, tmp_path, device="cpu")
    with pytest.raises(UserError, match=r"begun in mode eager float32 .* stacked float32"):
        fit_together([(RUNS[0], tmp_path)], small_faces, device="cpu")


def test_what_cannot_be_stacked_is_refused(small_faces: ImageSet, tmp_path: Path) -> None:
    other = RunConfig(1.0, 0, model=ModelConfig(latent_dim=3), training=TINY)
    with pytest.raises(UserError, match="beta and seed alone"):
        fit_together([(RUNS[0], tmp_path / "a"), (other, tmp_path / "b")], small_faces)
    learned = RunConfig(1.0, 0, model=ModelConfig(likelihood="gaussian_learned"), training=TINY)
    with pytest.raises(UserError, match="learned sigma"):
        fit_together([(learned, tmp_path / "a")], small_faces)
