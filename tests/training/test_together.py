"""Runs as one batched program beside the same runs apart."""

import signal
from dataclasses import asdict
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from unknot import worker
from unknot.comparison import compare
from unknot.config import ModelConfig, RunConfig, TrainingConfig
from unknot.data.image_set import ImageSet
from unknot.errors import Interrupted, UserError
from unknot.files import read_json, write_text
from unknot.training.history import read_history
from unknot.training.loop import fit, fit_together
from unknot.training.run import Run
from unknot.worker import describe_run

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


def test_one_that_diverges_leaves_the_others_alone(small_faces: ImageSet, tmp_path: Path) -> None:
    runs = [(run, tmp_path / run.name) for run in RUNS[:2]]
    runs[0] = (RunConfig(1e38, 0, training=TINY), tmp_path / "wild")
    failed = fit_together(runs, small_faces, device="cpu")
    assert list(failed) == [tmp_path / "wild"]
    assert "diverged" in str(failed[tmp_path / "wild"])
    assert (runs[1][1] / "weights.safetensors").exists()
    assert not (tmp_path / "wild" / "weights.safetensors").exists()


def test_a_run_goes_on_as_it_was_begun(small_faces: ImageSet, tmp_path: Path) -> None:
    def stop(step: int, steps: int) -> None:
        if step == 7:
            signal.raise_signal(signal.SIGTERM)

    runs = [(run, tmp_path / run.name) for run in RUNS]
    with pytest.raises(Interrupted, match="step 7 of 20"):
        fit_together(runs[:2], small_faces, device="cpu", on_step=stop)
    with pytest.raises(Interrupted):
        fit(*(runs[2][0], small_faces, runs[2][1]), device="cpu", on_step=stop)
    fit(runs[0][0], small_faces, runs[0][1], device="cpu")
    assert fit_together(runs, small_faces, device="cpu") == {}
    modes = [read_json(folder / "evaluation.json")["mode"] for _, folder in runs]
    assert modes == ["stacked float32", "stacked float32", "eager float32"]


def test_compare_together(small_faces: ImageSet, tmp_path: Path) -> None:
    options = {**asdict(TINY), "together": 2, "out": tmp_path, "device": "cpu"}
    found = compare(small_faces, [1.0, 1e38, 4.0], **options)
    assert [run.folder.name for run in found.runs()] == ["beta-1_seed-0", "beta-4_seed-0"]
    assert "diverged" in found.failures()["beta-1e+38_seed-0"]
    assert found.crashed() == []
    # one whose completion was cut off is finished by the same call, also if it is alone
    (tmp_path / "beta-1_seed-0" / "done").unlink()
    (tmp_path / "beta-1_seed-0" / "codes.npz").unlink()
    assert len(compare(small_faces, [1.0, 1e38, 4.0], **options).runs()) == 2


def test_a_fault_in_one_run_leaves_the_others_alone(
    small_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def complete(run: Run) -> None:
        if run.config.beta == 0.5:
            raise ZeroDivisionError("of ours")
        write_text(run.folder / "done", "now")

    monkeypatch.setattr(worker, "complete", complete)
    folders = [tmp_path / run.name for run in RUNS[:2]]
    for run, folder in zip(RUNS, folders):
        describe_run(run, small_faces, folder)
    assert worker.execute_together(folders, "cpu") == worker.EXIT_FAULT
    assert (folders[0] / "log.txt").read_text().endswith("ZeroDivisionError: of ours\n")
    assert not (folders[1] / "log.txt").exists()
    assert worker.is_done(folders[1])
    assert worker.execute_together(folders[1:], "cpu") == 0


def test_what_cannot_be_stacked_is_refused(small_faces: ImageSet, tmp_path: Path) -> None:
    other = RunConfig(1.0, 0, model=ModelConfig(latent_dim=3), training=TINY)
    with pytest.raises(UserError, match="beta and seed alone"):
        fit_together([(RUNS[0], tmp_path / "a"), (other, tmp_path / "b")], small_faces)
    learned = RunConfig(1.0, 0, model=ModelConfig(likelihood="gaussian_learned"), training=TINY)
    with pytest.raises(UserError, match="learned sigma"):
        fit_together([(learned, tmp_path / "a")], small_faces)
    with pytest.raises(UserError, match="learned sigma"):
        compare(small_faces, [1.0], likelihood="gaussian_learned", together=2, out=tmp_path / "c")
    with pytest.raises(UserError, match="not compiled"):
        compare(small_faces, [1.0], mode="compiled", together=2, out=tmp_path / "c")
    assert not (tmp_path / "c").exists()
