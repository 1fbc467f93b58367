"""Runs as one batched program beside the same runs apart."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from tests.training.tiny import LINEAR, losses, stop_at, tiny, weights
from unknot.common.errors import Interrupted, UserError
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.models.build import build_vae
from unknot.models.layers import set_up_layers
from unknot.models.objectives import Loss, StepContext
from unknot.models.objectives.beta_vae import BetaVAE
from unknot.models.vae import Terms
from unknot.runs.folder import RunFolder
from unknot.training.batches import Batch
from unknot.training.fit import TrainedModel, fit, fit_stacked
from unknot.training.gradients.stacked import Member, Stack, Stacked, compute_together
from unknot.training.monitors import batch_means
from unknot.training.optimizers import Adam

TINY = tiny(steps=20, precision="float32", recipe="one_cycle")  # Muon makes rounding larger
RUNS = [RunConfig(beta, seed, training=TINY) for beta, seed in ((0.5, 0), (4.0, 0), (4.0, 1))]
QUICK = [replace(run, model=LINEAR) for run in RUNS]


def strategy(outcome: TrainedModel | UserError) -> str:
    assert isinstance(outcome, TrainedModel)
    return outcome.strategy


def test_each_run_is_what_it_is_alone(small_faces: ImageSet, tmp_path: Path) -> None:
    stacked = [(run, RunFolder(tmp_path / "stacked" / run.name)) for run in RUNS]
    outcomes = fit_stacked(stacked, small_faces, device="cpu")
    assert list(outcomes) == [folder.path for _, folder in stacked]
    for run, folder in stacked:
        assert strategy(outcomes[folder.path]) == "stacked"
        alone = RunFolder(tmp_path / run.name)
        fit(run, small_faces, alone, device="cpu")
        ours, expected = weights(folder.path), weights(alone.path)
        for name, tensor in expected.items():
            torch.testing.assert_close(ours[name], tensor, rtol=1e-3, atol=1e-5)
        assert losses(folder.path) == pytest.approx(losses(alone.path), rel=1e-5)


def test_one_that_diverges_leaves_the_others_alone(small_faces: ImageSet, tmp_path: Path) -> None:
    wild, other = (
        (replace(QUICK[0], beta=1e38), RunFolder(tmp_path / "wild")),
        (QUICK[1], RunFolder(tmp_path / "other")),
    )
    progress: list[tuple[str, int, int]] = []
    outcomes = fit_stacked(
        [wild, other],
        small_faces,
        device="cpu",
        progress=lambda name, done, total: progress.append((name, done, total)),
    )
    assert list(outcomes) == [tmp_path / "wild", tmp_path / "other"]
    assert isinstance(outcomes[tmp_path / "wild"], UserError)
    assert "diverged" in str(outcomes[tmp_path / "wild"])
    assert strategy(outcomes[tmp_path / "other"]) == "stacked"
    assert other[1].is_trained
    assert not wild[1].is_trained
    assert progress[-1] == ("other", 20, 20)
    assert {done for name, done, _ in progress if name == "other"} >= set(range(5, 21))


def test_a_run_goes_on_as_it_was_begun(small_faces: ImageSet, tmp_path: Path) -> None:
    runs = [(run, RunFolder(tmp_path / run.name)) for run in QUICK]
    with pytest.raises(Interrupted, match="step 7 of 20"):
        fit_stacked(runs[:2], small_faces, device="cpu", progress=stop_at(7))
    with pytest.raises(Interrupted):
        fit(runs[2][0], small_faces, runs[2][1], device="cpu", progress=stop_at(7))
    assert fit(runs[0][0], small_faces, runs[0][1], device="cpu").strategy == "stacked"
    outcomes = fit_stacked(runs, small_faces, device="cpu")
    strategies = [strategy(outcomes[folder.path]) for _, folder in runs]
    assert strategies == ["stacked", "stacked", "single"]


def test_one_that_cannot_begin_leaves_the_others_alone(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    broken, other = RunFolder(tmp_path / "broken"), RunFolder(tmp_path / "other")
    broken.checkpoint.mkdir(parents=True)
    (broken.checkpoint / "state.json").write_text("{")
    outcomes = fit_stacked([(QUICK[0], broken), (QUICK[1], other)], small_faces, device="cpu")
    assert "is damaged" in str(outcomes[broken.path])
    assert strategy(outcomes[other.path]) == "stacked"


def member(seed: int, next_step: int = 0, network: str = "higgins_conv") -> Member:
    """A run of a small model with images of its own, and a beta that is one more than its seed."""
    model = build_vae(network, (1, 32, 32), 2, seed=seed)
    set_up_layers(model, dtype=None, plain=True)

    def batch(step: int) -> Batch:
        generator = torch.Generator().manual_seed(10 * seed + step)
        pixels = torch.randint(256, (4, 1, 32, 32), generator=generator, dtype=torch.uint8)
        return Batch(pixels=pixels, noise=torch.randn(4, 2, generator=generator))

    def loss(terms: Terms, step: int) -> Loss:
        at = StepContext(step=step, num_steps=9, beta=seed + 1.0, num_train=4, seed=seed)
        return BetaVAE().loss(terms, at)

    return Member(
        model=model,
        optimizer=Adam(model.parameters(), 0.9, 0.99),
        batch=batch,
        loss=loss,
        next_step=lambda: next_step,
    )


def gradients_of(model: Any) -> list[Tensor]:
    gradients = [parameter.grad for parameter in model.parameters()]
    assert None not in gradients
    return [gradient.clone() for gradient in gradients]


def test_gradients_are_those_of_each_run() -> None:
    members = [member(seed) for seed in (0, 1, 2)]
    means = compute_together(members, step=5)
    for run, stacked_means in zip(members, means):
        gradients = gradients_of(run.model)
        layouts = [p.stride() for p in run.model.parameters()]
        assert [gradient.stride() for gradient in gradients] == layouts
        run.model.zero_grad()
        batch = run.batch(5)
        terms = run.model(run.model.standardize(batch.pixels), batch.noise)
        loss = run.loss(terms, 5)
        loss.value.backward()
        torch.testing.assert_close(stacked_means, batch_means(loss, terms))
        torch.testing.assert_close(gradients, gradients_of(run.model), rtol=1e-4, atol=1e-4)


def test_only_those_at_the_same_step_are_computed_and_one_that_leaves_is_not() -> None:
    stack = Stack()
    runs = [member(seed, step, "linear") for seed, step in ((0, 3), (1, 3), (2, 4))]
    stacked = [Stacked(stack, run) for run in runs]
    first = stacked[0].compute(3)
    assert runs[1].model.decoder[0].weight.grad is not None
    assert runs[2].model.decoder[0].weight.grad is None
    before = runs[1].model.decoder[0].weight.detach().clone()
    assert not torch.equal(stacked[1].compute(3), first)
    stacked[1].update(0.1, 1)
    assert not torch.equal(runs[1].model.decoder[0].weight, before)
    stacked[0].close()
    stacked[0].close()
    assert stack.members == runs[1:]
