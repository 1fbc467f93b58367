"""The real loop on a tiny set."""

import signal
import threading
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from tests.training.tiny import LINEAR, losses, same_bits, stop_at, tiny, weights
from unknot.common.errors import Interrupted, UserError
from unknot.common.reading import read_arrays
from unknot.config.experiment import ExperimentConfig
from unknot.config.parts import ModelConfig, TrainingConfig
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.runs.folder import RunFolder
from unknot.runs.history import read_history
from unknot.training.fit import (
    TrainedModel,
    check_stackable,
    device_to_go_on,
    fit,
    fit_stacked,
)
from unknot.training.monitors import ReconstructionRecorder

CONFIG = RunConfig(3.0, 7, model=ModelConfig(sigma=2.0), training=tiny())


class Finished(NamedTuple):
    """A run trained once, for several tests.

    Attributes:
        folder: its folder.
        trained: what `fit` gave.
        progress: what its callback was told.
        random_state: torch's own before and after it.
    """

    folder: RunFolder
    trained: TrainedModel
    progress: list[tuple[str, int, int]]
    random_state: tuple[Tensor, Tensor]


@pytest.fixture(scope="module")
def finished(small_faces: ImageSet, tmp_path_factory: pytest.TempPathFactory) -> Finished:
    folder = RunFolder(tmp_path_factory.mktemp("fit") / "whole")
    progress: list[tuple[str, int, int]] = []
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    torch.manual_seed(1)
    before = torch.get_rng_state()
    trained = fit(
        CONFIG,
        small_faces,
        folder,
        device="cpu",
        progress=lambda name, done, total: progress.append((name, done, total)),
    )
    torch.set_num_threads(threads)
    return Finished(folder, trained, progress, (before, torch.get_rng_state()))


def test_a_run_goes_on_where_it_was_begun_unless_told_otherwise(
    small_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that was begun on a processor stays there beside a GPU."""
    begun, other = RunFolder(tmp_path / "begun"), RunFolder(tmp_path / "other")
    assert device_to_go_on([begun, other], "auto") == "auto"
    begun.checkpoint.mkdir(parents=True)
    (begun.checkpoint / "state.json").write_text('{"hardware": "cuda GPU 7"}')
    monkeypatch.setattr("unknot.training.fit.is_available", lambda name: name == "cuda")
    assert device_to_go_on([other, begun], "auto") == "cuda"
    assert device_to_go_on([other, begun], "cpu") == "cpu"
    monkeypatch.setattr("unknot.training.fit.is_available", lambda name: False)
    assert device_to_go_on([other, begun], "auto") == "auto"
    (begun.checkpoint / "state.json").write_text("damaged")
    assert device_to_go_on([begun], "auto") == "auto"


def test_two_runs_of_one_seed_are_bitwise_equal(
    finished: Finished, small_faces: ImageSet, tmp_path: Path
) -> None:
    """Whatever the global random state, which neither changes."""
    torch.manual_seed(2)
    before = torch.get_rng_state()
    fit(CONFIG, small_faces, RunFolder(tmp_path / "same"), device="cpu")
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(*finished.random_state)
    assert same_bits(weights(finished.folder.path), weights(tmp_path / "same"))


def test_another_seed_gives_another_run(
    finished: Finished, small_faces: ImageSet, tmp_path: Path
) -> None:
    fit(replace(CONFIG, seed=8), small_faces, RunFolder(tmp_path), device="cpu")
    assert not same_bits(weights(finished.folder.path), weights(tmp_path))


def test_a_run_leaves_its_weights_and_gives_the_model(
    finished: Finished, small_faces: ImageSet
) -> None:
    trained = finished.trained
    assert same_bits(dict(trained.model.state_dict()), weights(finished.folder.path))
    assert not trained.model.training
    assert trained.seed == 7
    assert trained.num_validation == len(small_faces.indices("validation"))
    assert trained.strategy == "single"


def test_progress_is_told_of_every_step(finished: Finished) -> None:
    assert finished.progress == [("whole", step, 30) for step in range(1, 31)]


def test_history_says_what_a_line_means(finished: Finished) -> None:
    lines = read_history(finished.folder.history, "train")
    assert [line["step"] for line in lines] == [5, 10, 15, 20, 25, 30]
    line = lines[-1]
    assert line["images"] == 240
    assert line["beta"] == 3
    assert line["beta_eff"] == pytest.approx(12)
    assert line["sigma"] == pytest.approx(2)
    assert line["loss"] == pytest.approx(line["distortion"] + 3 * line["rate"], rel=1e-5)
    assert line["rate"] == pytest.approx(sum(line["kl"]))
    assert lines[0]["beta"] == pytest.approx(
        3 * (4 / 15) ** 2
    )  # the fifth of 15 steps of warming up


def test_frames_are_taken_over_training(finished: Finished) -> None:
    steps = read_arrays(finished.folder.frames)["steps"]
    assert steps[0] == 0
    assert steps[-1] == 30
    assert len(steps) > 15


def test_training_lowers_the_loss(small_faces: ImageSet, tmp_path: Path) -> None:
    folder = RunFolder(tmp_path)
    longer = TrainingConfig(steps=150, batch_size=16, validate_every=50)
    fit(RunConfig(1.0, 0, training=longer), small_faces, folder, device="cpu")
    lines = read_history(folder.history, "validation")
    assert [line["step"] for line in lines] == [50, 100, 150]
    # a constant picture has a distortion of 1,536 nats on standardized 3x32x32 pixels
    assert lines[-1]["distortion"] + lines[-1]["rate"] < 1100
    assert lines[-1]["rate"] == pytest.approx(sum(lines[-1]["kl"]))


@pytest.mark.parametrize(
    "model",
    [
        ModelConfig(likelihood="bernoulli", standardize="unit"),
        ModelConfig(likelihood="gaussian_learned", standardize="per_channel"),
        ModelConfig(network="linear", latent_dim=1),
    ],
    ids=["bernoulli", "learned sigma", "linear"],
)
def test_every_kind_of_model_trains(
    model: ModelConfig, small_faces: ImageSet, tmp_path: Path
) -> None:
    config = RunConfig(1.0, 0, model=model, training=tiny())
    fit(config, small_faces, RunFolder(tmp_path), device="cpu")
    train = losses(tmp_path, "train")
    assert train[-1] < train[0]


def test_divergence_names_step_beta_and_remedy(small_faces: ImageSet, tmp_path: Path) -> None:
    wild = tiny(
        steps=200, learning_rate=1e6, schedule="constant", beta_warmup=0, checkpoint_every=1
    )
    folder = RunFolder(tmp_path)
    with pytest.raises(UserError, match=r"diverged at step \d+, beta 4: .*learning_rate"):
        fit(RunConfig(4.0, 0, training=wild), small_faces, folder, device="cpu")
    checkpoint = load_file(folder.checkpoint / "weights.safetensors")
    assert all(torch.isfinite(value).all() for value in checkpoint.values())
    assert not folder.is_trained


def test_a_network_of_the_users_own(small_faces: ImageSet, tmp_path: Path) -> None:
    def networks(shape: tuple[int, int, int], latent_dim: int) -> tuple[nn.Module, nn.Module]:
        num = int(np.prod(shape))
        encoder = nn.Sequential(nn.Flatten(), nn.Linear(num, 2 * latent_dim))
        return encoder, nn.Sequential(nn.Linear(latent_dim, num), nn.Unflatten(1, shape))

    config = RunConfig(1.0, 0, model=ModelConfig(network="custom"), training=tiny(steps=3))
    fit(config, small_faces, RunFolder(tmp_path), device="cpu", networks=networks)
    assert weights(tmp_path)["encoder.1.weight"].shape == (12, 3072)


def test_a_wrong_network_is_told_what_it_must_give(small_faces: ImageSet, tmp_path: Path) -> None:
    def networks(shape: tuple[int, int, int], latent_dim: int) -> tuple[nn.Module, nn.Module]:
        return nn.Sequential(nn.Flatten(), nn.Linear(int(np.prod(shape)), latent_dim)), nn.ReLU()

    config = RunConfig(training=tiny())
    with pytest.raises(UserError, match="6 means, then as many log variances"):
        fit(config, small_faces, RunFolder(tmp_path), device="cpu", networks=networks)


def test_ctrl_c_saves_and_the_same_call_goes_on(
    finished: Finished, small_faces: ImageSet, tmp_path: Path
) -> None:
    assert threading.current_thread() is threading.main_thread()
    folder = RunFolder(tmp_path)
    interrupt = stop_at(13, signal.SIGINT)
    with pytest.raises(Interrupted, match="step 13 of 30"):
        fit(CONFIG, small_faces, folder, device="cpu", progress=interrupt)
    fit(CONFIG, small_faces, folder, device="cpu")
    assert same_bits(weights(finished.folder.path), weights(tmp_path))
    assert losses(tmp_path, "train") == losses(finished.folder.path, "train")
    assert losses(tmp_path) == losses(finished.folder.path)
    expected, resumed = (read_arrays(at.frames) for at in (finished.folder, folder))
    assert np.array_equal(expected["steps"], resumed["steps"])
    assert np.array_equal(expected["reconstructions"], resumed["reconstructions"])


def test_an_interruption_before_the_first_step(
    small_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = RunConfig(1.0, 0, model=LINEAR, training=tiny())
    record = ReconstructionRecorder.record

    def interrupted(recorder: ReconstructionRecorder, step: int) -> None:
        record(recorder, step)
        signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(ReconstructionRecorder, "record", interrupted)
        with pytest.raises(Interrupted, match="step 0 of 30"):
            fit(config, small_faces, RunFolder(tmp_path), device="cpu")
    fit(config, small_faces, RunFolder(tmp_path), device="cpu")
    assert RunFolder(tmp_path).is_trained


def test_what_differs_in_more_than_beta_and_seed_is_not_stacked(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    other = replace(CONFIG, model=LINEAR)
    runs = [(CONFIG, RunFolder(tmp_path / "a")), (other, RunFolder(tmp_path / "b"))]
    with pytest.raises(UserError, match="may differ in beta and seed alone"):
        fit_stacked(runs, small_faces, device="cpu")
    assert not list(tmp_path.iterdir())


def test_what_sees_a_batch_as_a_whole_is_not_stacked(
    whole_batch_objective: str, small_faces: ImageSet, tmp_path: Path
) -> None:
    learned = RunConfig(1.0, 0, model=ModelConfig(likelihood="gaussian_learned"))
    toy = ExperimentConfig(training=tiny(objective=whole_batch_objective))
    with pytest.raises(UserError, match=r"objective toy cannot be stacked.*leave out --stack-runs"):
        check_stackable(toy)
    with pytest.raises(UserError, match="likelihood gaussian_learned cannot be stacked"):
        check_stackable(learned)
    with pytest.raises(UserError, match="likelihood gaussian_learned cannot be stacked"):
        fit_stacked([(learned, RunFolder(tmp_path / "a"))], small_faces, device="cpu")
    check_stackable(CONFIG)
    assert not list(tmp_path.iterdir())
