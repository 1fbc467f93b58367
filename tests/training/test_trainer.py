"""One run while it is trained: its objective, its mode, and how it goes on."""

import json
import math
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from tests.training.tiny import (
    LINEAR,
    WholeBatchObjective,
    losses,
    needs_processes,
    same_bits,
    stop_at,
    tiny,
    weights,
)
from unknot.common.errors import Interrupted, UserError
from unknot.common.reading import read_json
from unknot.config.parts import ModelConfig, TrainingConfig
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.models.device import hardware_text
from unknot.models.networks.linear import linear
from unknot.models.objectives import StepContext, build_objective
from unknot.runs.folder import RunFolder
from unknot.runs.history import read_history
from unknot.runs.inference import evaluate_elbo
from unknot.training import precision
from unknot.training.checkpoint import read_training_state
from unknot.training.fit import fit
from unknot.training.gradients import MIN_SHARE
from unknot.training.gradients.stacked import Stack
from unknot.training.monitors import DivergenceMonitor
from unknot.training.trainer import Trainer

CONFIG = RunConfig(2.0, 3, model=LINEAR, training=tiny(precision="float32"))
SHARED = tiny(steps=6, batch_size=2 * MIN_SHARE, log_every=1, precision="float32")


def test_shares_of_a_batch_add_up_to_it(small_faces: ImageSet, tmp_path: Path) -> None:
    config = replace(CONFIG, model=ModelConfig(), training=tiny(precision="float32", batch_size=9))
    trainer = Trainer(config, small_faces, RunFolder(tmp_path), "cpu")
    sums = []
    for shares in ([slice(None)], [slice(0, 2), slice(2, 9)]):
        gradients = [torch.zeros_like(p) for p in trainer.model.parameters()]
        means = torch.zeros(())
        for share in shares:
            means = means + trainer.compute_gradients(4, share)
            for gradient, parameter in zip(gradients, trainer.model.parameters()):
                assert parameter.grad is not None
                gradient += parameter.grad
        sums.append((means, torch.cat([g.flatten() for g in gradients])))
    trainer.close()
    torch.testing.assert_close(sums[0], sums[1], rtol=1e-4, atol=1e-4)


@pytest.mark.usefixtures("two_threads")
def test_an_objective_that_needs_whole_batches_has_them(
    whole_batch_objective: str, small_faces: ImageSet, tmp_path: Path
) -> None:
    """Its options reach it, its quantity is in the history, its loss is what is validated."""
    options = {"gamma": 3.0}
    training = replace(SHARED, objective=whole_batch_objective, objective_options=options)
    config = replace(CONFIG, training=training)
    whole, resumed = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "resumed")
    trained = fit(config, small_faces, whole, device="cpu")
    assert trained.strategy == "single"

    lines = read_history(whole.history, "train")
    assert [line["step"] for line in lines] == list(range(1, 7))
    for line in lines:
        expected = line["distortion"] + line["beta"] * line["rate"] + 3 * line["tc_proxy"]
        assert line["loss"] == pytest.approx(expected, rel=1e-5)
        assert line["tc_proxy"] > 0

    rows = small_faces.indices("validation")
    held_out = evaluate_elbo(trained.model, small_faces.images, rows, seed=config.seed)
    at = StepContext(
        step=5, num_steps=6, beta=2.0, num_train=len(small_faces.indices("train")), seed=3
    )
    loss = WholeBatchObjective(gamma=3.0).loss(held_out.terms, at).value.item()
    validation = read_history(whole.history, "validation")[-1]
    assert validation["loss"] == pytest.approx(loss, rel=1e-9)
    elbo_loss = validation["distortion"] + 2 * validation["rate"]
    assert validation["loss"] - elbo_loss > 1e-3

    with pytest.raises(Interrupted):
        fit(config, small_faces, resumed, device="cpu", progress=stop_at(4))
    fit(config, small_faces, resumed, device="cpu")
    assert same_bits(weights(whole.path), weights(resumed.path))
    quantities = [
        [line["tc_proxy"] for line in read_history(at.history, "train")] for at in (whole, resumed)
    ]
    assert quantities[0] == quantities[1]
    assert losses(whole.path) == losses(resumed.path)


WHOLE_BATCH = {
    "beta_tcvae": {"alpha": 2.0, "estimator": "stratified"},
    "dip_vae_i": {},
    "dip_vae_ii": {"diagonal": 2.0},
    "capacity": {"gamma": 10.0},
    "info_vae": {"alpha": 0.5},
    "factor_vae": {"hidden_units": 32, "hidden_layers": 2},
    "ada_gvae": {"differ": 3},
}
"""Objectives that see a batch as a whole -> options of each."""


@pytest.mark.usefixtures("two_threads")
@pytest.mark.parametrize("objective", WHOLE_BATCH)
def test_it_resumes_bit_for_bit_on_whole_batches(
    objective: str, small_faces: ImageSet, tmp_path: Path
) -> None:
    """Two runs of one seed are equal, stopped between or not, however often they are validated."""
    options = WHOLE_BATCH[objective]
    training = replace(SHARED, objective=objective, objective_options=options, beta_warmup=2)
    config = replace(CONFIG, training=training)
    whole, resumed, again = (RunFolder(tmp_path / name) for name in ("whole", "resumed", "again"))
    assert fit(config, small_faces, whole, device="cpu").strategy == "single"
    with pytest.raises(Interrupted):
        fit(config, small_faces, resumed, device="cpu", progress=stop_at(4))
    fit(config, small_faces, resumed, device="cpu")
    often = replace(config, training=replace(training, validate_every=1))
    fit(often, small_faces, again, device="cpu")
    quantities = build_objective(objective, options).quantities
    expected = read_history(whole.history, "train")
    for folder in (resumed, again):
        assert same_bits(weights(whole.path), weights(folder.path))
        for path in whole.checkpoint.glob("*.safetensors"):
            assert path.read_bytes() == (folder.checkpoint / path.name).read_bytes()
        lines = read_history(folder.history, "train")
        for name in ("loss", "rate", *quantities):
            assert [line[name] for line in lines] == [line[name] for line in expected]
    for line in read_history(whole.history, "validation"):
        assert math.isfinite(line["loss"])


def test_codes_are_averaged_while_training_alone(small_faces: ImageSet, tmp_path: Path) -> None:
    """A training loss is of pairs; the loss on validation images is that of each alone."""
    training = tiny(objective="ada_gvae", steps=4, log_every=1, precision="float32")
    config, folder = replace(CONFIG, training=training), RunFolder(tmp_path)
    trained = fit(config, small_faces, folder, device="cpu")
    shared = [line["shared_latents"] for line in read_history(folder.history, "train")]
    assert all(0 < num <= 2 for num in shared)  # of three, the one that differs most is never
    rows = small_faces.indices("validation")
    held_out = evaluate_elbo(trained.model, small_faces.images, rows, seed=config.seed)
    expected = held_out.distortion + config.beta * held_out.rate
    validation = read_history(folder.history, "validation")[-1]
    assert validation["loss"] == pytest.approx(expected, rel=1e-9)


def test_pairs_of_people_resume_bit_for_bit(small_faces: ImageSet, tmp_path: Path) -> None:
    groups = np.arange(len(small_faces), dtype=np.int32) // 5
    names = tuple(map(str, range(groups.max() + 1)))
    labels = replace(small_faces.labels, groups=groups, group_names=names)
    people = replace(small_faces, labels=labels)
    config = replace(CONFIG, training=replace(SHARED, objective="ada_gvae"))
    whole, resumed = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "resumed")
    fit(config, people, whole, device="cpu")
    with pytest.raises(Interrupted):
        fit(config, people, resumed, device="cpu", progress=stop_at(4))
    fit(config, people, resumed, device="cpu")
    assert same_bits(weights(whole.path), weights(resumed.path))
    fit(config, small_faces, RunFolder(tmp_path / "by factors"), device="cpu")
    assert not same_bits(weights(whole.path), weights(tmp_path / "by factors"))


def test_images_that_make_no_pairs_are_refused_before_training(
    bare_faces: ImageSet, tmp_path: Path
) -> None:
    config = replace(CONFIG, training=tiny(objective="ada_gvae"))
    with pytest.raises(UserError, match="nothing says which images belong together"):
        Trainer(config, bare_faces, RunFolder(tmp_path / "run"), "cpu")
    assert not (tmp_path / "run").exists()


def test_what_an_objective_cannot_take_is_refused_before_training(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    config = replace(CONFIG, training=tiny(objective="dip_vae_i", batch_size=1))
    with pytest.raises(UserError, match="batch_size is 1; the objective dip_vae_i"):
        Trainer(config, small_faces, RunFolder(tmp_path / "run"), "cpu")
    assert not (tmp_path / "run").exists()


def strategy_of(trainer: Trainer) -> str:
    """Give the strategy of a run that is not to be trained."""
    trainer.close()
    return trainer.state.strategy


@needs_processes
@pytest.mark.usefixtures("two_threads")
def test_what_sees_the_batch_as_a_whole_is_not_shared(
    whole_batch_objective: str, small_faces: ImageSet, tmp_path: Path
) -> None:
    """A learned sigma is the batch's; a network of the user's own may normalize over it."""
    config, folder = replace(CONFIG, training=SHARED), RunFolder(tmp_path)
    assert strategy_of(Trainer(config, small_faces, folder, "cpu")) == "data_parallel"
    learned = replace(config, model=replace(LINEAR, likelihood="gaussian_learned"))
    off = replace(config, training=replace(SHARED, data_parallel="off"))
    toy = replace(config, training=replace(SHARED, objective=whole_batch_objective))
    for other in (learned, off, toy):
        assert strategy_of(Trainer(other, small_faces, folder, "cpu")) == "single"
    assert strategy_of(Trainer(config, small_faces, folder, "cpu", linear)) == "single"
    assert strategy_of(Trainer(toy, small_faces, folder, "cpu", stack=Stack())) == "single"


def test_an_option_that_the_objective_does_not_have_is_one_line(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    training = tiny(objective_options={"gamma": 1.0})
    with pytest.raises(UserError, match="objective beta_vae has no option 'gamma'") as caught:
        fit(replace(CONFIG, training=training), small_faces, RunFolder(tmp_path), device="cpu")
    assert "\n" not in str(caught.value)


def test_a_run_goes_on_in_the_precision_it_was_begun_in(
    small_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = RunConfig(1.0, 0, training=tiny(steps=4))
    monkeypatch.setattr(precision, "computes_in_bfloat16", lambda device: True)
    with pytest.raises(Interrupted):
        fit(config, small_faces, RunFolder(tmp_path), device="cpu", progress=stop_at(1))
    monkeypatch.setattr(precision, "computes_in_bfloat16", lambda device: False)
    trained = fit(config, small_faces, RunFolder(tmp_path), device="cpu")
    assert trained.precision.name == "bfloat16"
    monkeypatch.setattr(precision, "computes_in_bfloat16", lambda device: True)
    fit(config, small_faces, RunFolder(tmp_path / "whole"), device="cpu")
    assert same_bits(weights(tmp_path), weights(tmp_path / "whole"))


def moves(folder: Path) -> list[int]:
    """The steps at which a run went on elsewhere."""
    return [line["step"] for line in read_history(RunFolder(folder).history, "moved")]


def test_on_another_processor_a_run_goes_on_and_its_history_says_from_where(
    small_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says so once, also where it is killed there and goes on, and where it does not move."""
    folder = RunFolder(tmp_path)
    with pytest.raises(Interrupted):
        fit(CONFIG, small_faces, folder, device="cpu", progress=stop_at(3))
    here = hardware_text(torch.device("cpu"))
    monkeypatch.setattr(
        "unknot.training.trainer.hardware_text", lambda device: "cpu of another kind"
    )
    abandoned = Trainer(CONFIG, small_faces, folder, "cpu")  # killed before its first checkpoint
    abandoned.start()
    abandoned.step()
    abandoned.close()
    assert moves(tmp_path) == [3]
    with pytest.raises(Interrupted):
        fit(CONFIG, small_faces, folder, device="cpu", progress=stop_at(5))
    state = read_training_state(folder)
    assert state is not None
    assert (state.step, state.hardware, moves(tmp_path)) == (5, "cpu of another kind", [3])
    fit(CONFIG, small_faces, folder, device="cpu")
    assert moves(tmp_path) == [3]
    with pytest.raises(Interrupted):
        fit(CONFIG, small_faces, RunFolder(tmp_path / "b"), device="cpu", progress=stop_at(3))
    monkeypatch.setattr("unknot.training.trainer.hardware_text", lambda device: here)
    fit(CONFIG, small_faces, RunFolder(tmp_path / "b"), device="cpu")
    assert moves(tmp_path / "b") == [3]


def test_a_move_that_came_to_nothing_is_not_told(
    small_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = RunFolder(tmp_path)
    with pytest.raises(Interrupted):
        fit(CONFIG, small_faces, folder, device="cpu", progress=stop_at(3))
    with monkeypatch.context() as patched:
        patched.setattr(
            "unknot.training.trainer.hardware_text", lambda device: "cpu of another kind"
        )
        abandoned = Trainer(CONFIG, small_faces, folder, "cpu")
        abandoned.start()
        abandoned.step()
        abandoned.close()
    fit(CONFIG, small_faces, folder, device="cpu")
    assert moves(tmp_path) == []


def test_a_checkpoint_that_names_no_hardware_goes_on(small_faces: ImageSet, tmp_path: Path) -> None:
    """Such as those of earlier versions."""
    folder = RunFolder(tmp_path)
    with pytest.raises(Interrupted):
        fit(CONFIG, small_faces, folder, device="cpu", progress=stop_at(3))
    path = folder.checkpoint / "state.json"
    state = read_json(path)
    for added in ("hardware", "sha256"):
        del state[added]
    path.write_text(json.dumps(state))
    fit(CONFIG, small_faces, folder, device="cpu")
    assert moves(tmp_path) == []


def test_a_run_with_no_steps_left_is_finished_in_any_mode(
    small_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config, folder = RunConfig(1.0, 0, training=tiny(steps=4)), RunFolder(tmp_path)
    monkeypatch.setattr(precision, "computes_in_bfloat16", lambda device: True)
    fit(config, small_faces, folder, device="cpu")
    before = weights(tmp_path)
    folder.weights.unlink()
    monkeypatch.setattr(precision, "computes_in_bfloat16", lambda device: False)
    trained = fit(config, small_faces, folder, device="cpu")
    assert trained.precision.name == "bfloat16"
    assert same_bits(before, weights(tmp_path))


def rename_as_in_0_1(folder: RunFolder, mode: str) -> None:
    """Write a checkpoint's state as version 0.1.0 did."""
    path = folder.checkpoint / "state.json"
    state = read_json(path)
    for added in ("strategy", "precision", "hardware", "digests", "sha256"):
        del state[added]
    path.write_text(json.dumps(state | {"mode": mode}))


@pytest.mark.parametrize(
    ("threads", "mode", "strategy"),
    [
        (1, "eager float32", "single"),
        pytest.param(2, "data-parallel float32", "data_parallel", marks=needs_processes),
    ],
)
def test_a_run_of_version_0_1_goes_on(
    threads: int, mode: str, strategy: str, small_faces: ImageSet, tmp_path: Path
) -> None:
    torch.set_num_threads(threads)
    config = replace(CONFIG, training=SHARED)
    whole, resumed = RunFolder(tmp_path / "whole"), RunFolder(tmp_path / "resumed")
    fit(config, small_faces, whole, device="cpu")
    with pytest.raises(Interrupted):
        fit(config, small_faces, resumed, device="cpu", progress=stop_at(4))
    rename_as_in_0_1(resumed, mode)
    assert fit(config, small_faces, resumed, device="cpu").strategy == strategy
    assert same_bits(weights(whole.path), weights(resumed.path))
    state = read_training_state(resumed)
    assert state is not None
    assert (state.step, state.strategy) == (6, strategy)


def test_a_compiled_run_of_version_0_1_goes_on_only_if_no_step_is_left(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    folder = RunFolder(tmp_path)
    with pytest.raises(Interrupted):
        fit(CONFIG, small_faces, folder, device="cpu", progress=stop_at(7))
    rename_as_in_0_1(folder, "compiled float32")
    with pytest.raises(
        UserError,
        match=r"begun as a compiled run, which this version of .*another --out$",
    ) as caught:
        fit(CONFIG, small_faces, folder, device="cpu")
    assert "\n" not in str(caught.value)
    shorter = replace(CONFIG, training=replace(CONFIG.training, steps=7))
    trained = fit(shorter, small_faces, folder, device="cpu")
    assert (trained.strategy, trained.precision.name) == ("compiled", "float32")
    assert folder.is_trained


def test_the_wait_for_a_gpu_is_part_of_the_steps_seconds(
    small_faces: ImageSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its steps are only begun when `step` returns; whoever looks at a loss first waits."""
    config = replace(CONFIG, training=replace(CONFIG.training, log_every=1))
    trainer = Trainer(config, small_faces, RunFolder(tmp_path), "cpu")
    trainer.start()
    trainer.step()
    before = trainer.state.seconds
    monkeypatch.setattr(DivergenceMonitor, "check", lambda monitor: time.sleep(0.05))
    trainer.record()
    trainer.close()
    assert trainer.state.seconds >= before + 0.05
    (line,) = read_history(trainer.folder.history, "train")
    assert line["seconds"] == pytest.approx(trainer.state.seconds)


def test_divergence_says_what_was_saved(small_faces: ImageSet, tmp_path: Path) -> None:
    wild = TrainingConfig(
        steps=50, batch_size=8, learning_rate=1e9, schedule="constant", checkpoint_every=1
    )
    config = RunConfig(1e38, 0, model=LINEAR, training=wild)
    with pytest.raises(UserError, match=r"its gradient .*(stays|nothing was saved yet)"):
        fit(config, small_faces, RunFolder(tmp_path), device="cpu")
    state = read_training_state(RunFolder(tmp_path))
    if state:
        assert math.isfinite(state.first_loss)
