"""The real loop on a tiny set."""

import signal
import threading
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from unknot.config import ModelConfig, RunConfig, TrainingConfig
from unknot.data.image_set import ImageSet
from unknot.errors import Interrupted, UserError
from unknot.training.history import read_history
from unknot.training.loop import fit
from unknot.training.recorders import Frames
from unknot.worker import describe_run, execute_run

TINY = TrainingConfig(steps=30, batch_size=8, validate_every=10, checkpoint_every=10, log_every=5)


def weights(folder: Path) -> dict[str, torch.Tensor]:
    return load_file(folder / "weights.safetensors")


def equal(first: dict[str, torch.Tensor], second: dict[str, torch.Tensor]) -> bool:
    return first.keys() == second.keys() and all(torch.equal(first[k], second[k]) for k in first)


def test_two_runs_of_one_seed_are_bitwise_equal(small_faces: ImageSet, tmp_path: Path) -> None:
    config = RunConfig(2.0, 7, training=TINY)
    for name in ("a", "b"):
        fit(config, small_faces, tmp_path / name, device="cpu")
    assert equal(weights(tmp_path / "a"), weights(tmp_path / "b"))
    fit(RunConfig(2.0, 8, training=TINY), small_faces, tmp_path / "c", device="cpu")
    assert not equal(weights(tmp_path / "a"), weights(tmp_path / "c"))


def test_global_random_state_neither_matters_nor_changes(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    config = RunConfig(1.0, 0, training=TINY)
    for name, seed in (("a", 1), ("b", 2)):
        torch.manual_seed(seed)
        expected = torch.get_rng_state()
        fit(config, small_faces, tmp_path / name, device="cpu")
        assert torch.equal(torch.get_rng_state(), expected)
    assert equal(weights(tmp_path / "a"), weights(tmp_path / "b"))


def test_training_lowers_the_loss(small_faces: ImageSet, tmp_path: Path) -> None:
    longer = TrainingConfig(steps=150, batch_size=32, validate_every=50)
    fit(RunConfig(1.0, 0, training=longer), small_faces, tmp_path, device="cpu")
    lines = read_history(tmp_path, "validation")
    assert [line["step"] for line in lines] == [50, 100, 150]
    # a constant picture has a distortion of 1,536 nats on standardised 3x32x32 pixels
    assert lines[-1]["distortion"] + lines[-1]["rate"] < 1100
    assert lines[-1]["rate"] == pytest.approx(sum(lines[-1]["kl"]))


def test_history_says_what_a_line_means(small_faces: ImageSet, tmp_path: Path) -> None:
    model = ModelConfig(sigma=2.0)
    fit(RunConfig(3.0, 0, model=model, training=TINY), small_faces, tmp_path, device="cpu")
    line = read_history(tmp_path, "train")[-1]
    assert line["step"] == 30
    assert line["images"] == 240
    assert line["beta_eff"] == pytest.approx(12)
    assert line["loss"] == pytest.approx(line["distortion"] + 3 * line["rate"], rel=1e-5)


@pytest.mark.parametrize(
    "model",
    [
        ModelConfig(likelihood="bernoulli", standardize="unit"),
        ModelConfig(likelihood="gaussian_learned", standardize="per_channel"),
        ModelConfig(network="linear", latent_dim=1),
    ],
)
def test_every_kind_of_model_trains(
    model: ModelConfig, small_faces: ImageSet, tmp_path: Path
) -> None:
    fit(RunConfig(1.0, 0, model=model, training=TINY), small_faces, tmp_path, device="cpu")
    losses = [line["loss"] for line in read_history(tmp_path, "train")]
    assert losses[-1] < losses[0]


def test_divergence_names_step_beta_and_remedy(small_faces: ImageSet, tmp_path: Path) -> None:
    wild = TrainingConfig(
        steps=200,
        batch_size=8,
        learning_rate=1e6,
        schedule="constant",
        beta_warmup=0,
        checkpoint_every=1,
    )
    config = RunConfig(4.0, 0, training=wild)
    with pytest.raises(UserError, match=r"diverged at step \d+, beta 4: .*learning_rate"):
        fit(config, small_faces, tmp_path, device="cpu")
    kept = load_file(tmp_path / "checkpoint" / "weights.safetensors")
    assert all(torch.isfinite(value).all() for value in kept.values())


def test_a_network_of_the_users_own(small_faces: ImageSet, tmp_path: Path) -> None:
    def networks(shape: tuple[int, int, int], latent_dim: int) -> tuple[nn.Module, nn.Module]:
        num = int(np.prod(shape))
        encoder = nn.Sequential(nn.Flatten(), nn.Linear(num, 2 * latent_dim))
        return encoder, nn.Sequential(nn.Linear(latent_dim, num), nn.Unflatten(1, shape))

    config = RunConfig(1.0, 0, model=ModelConfig(network="custom"), training=TINY)
    fit(config, small_faces, tmp_path, device="cpu", networks=networks)
    assert weights(tmp_path)["encoder.1.weight"].shape == (12, 3072)


def test_a_wrong_network_is_told_what_it_must_give(small_faces: ImageSet, tmp_path: Path) -> None:
    def networks(shape: tuple[int, int, int], latent_dim: int) -> tuple[nn.Module, nn.Module]:
        return nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(shape)), latent_dim)), nn.ReLU()

    with pytest.raises(UserError, match="6 means, then as many log variances"):
        fit(RunConfig(training=TINY), small_faces, tmp_path, device="cpu", networks=networks)


def test_ctrl_c_saves_and_the_same_call_goes_on(small_faces: ImageSet, tmp_path: Path) -> None:
    config = RunConfig(1.0, 0, training=TINY)
    assert threading.current_thread() is threading.main_thread()

    def interrupt(step: int, steps: int) -> None:
        if step == 13:
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(Interrupted, match="step 13 of 30"):
        fit(config, small_faces, tmp_path / "a", device="cpu", on_step=interrupt)
    fit(config, small_faces, tmp_path / "a", device="cpu")
    fit(config, small_faces, tmp_path / "b", device="cpu")
    assert equal(weights(tmp_path / "a"), weights(tmp_path / "b"))
    losses = [[line["loss"] for line in read_history(tmp_path / n, "train")] for n in ("a", "b")]
    assert len(losses[0]) == 6
    assert losses[0] == losses[1]
    with np.load(tmp_path / "a" / "frames.npz") as a, np.load(tmp_path / "b" / "frames.npz") as b:
        assert np.array_equal(a["reconstructions"], b["reconstructions"])


def test_an_interruption_before_the_first_step(small_faces: ImageSet, tmp_path: Path) -> None:
    config = RunConfig(1.0, 0, training=TINY)
    real = Frames.take

    def interrupted(self: Frames, step: int) -> None:
        real(self, step)
        signal.raise_signal(signal.SIGINT)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Frames, "take", interrupted)
        with pytest.raises(Interrupted, match="step 0 of 30"):
            fit(config, small_faces, tmp_path, device="cpu")
    fit(config, small_faces, tmp_path, device="cpu")
    assert (tmp_path / "weights.safetensors").exists()


def test_a_finished_run_is_left_alone(small_faces: ImageSet, tmp_path: Path) -> None:
    config = RunConfig(1.0, 0, training=TINY)
    describe_run(config, small_faces, tmp_path / "run")
    execute_run(tmp_path / "run", images=small_faces, device="cpu")
    before = {p: p.stat().st_mtime_ns for p in (tmp_path / "run").rglob("*") if p.name != ".lock"}
    execute_run(tmp_path / "run", images=small_faces, device="cpu")
    assert before == {
        p: p.stat().st_mtime_ns for p in (tmp_path / "run").rglob("*") if p.name != ".lock"
    }
