"""An objective's own network: what it learns, from what, and what it leaves alone."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from tests.models.objectives.batches import context
from tests.training.tiny import CPU, LINEAR, same_bits, tiny
from unknot.config.parts import ModelConfig
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.models.density_ratio import log_density_ratio, permute_latents
from unknot.models.objectives import StepContext
from unknot.models.objectives.beta_vae import BetaVAE
from unknot.models.objectives.factor_vae import FactorVAE
from unknot.runs.folder import RunFolder
from unknot.training.adversary import Adversary, sample_codes, start_adversary
from unknot.training.batches import Batch
from unknot.training.trainer import Trainer

OPTIONS = {"hidden_units": 32, "hidden_layers": 3, "discriminator_learning_rate": 2e-3}
SMALL = FactorVAE(**OPTIONS)  # type: ignore[arg-type]
TRAINING = tiny(
    objective="factor_vae", objective_options=OPTIONS, precision="float32", beta_warmup=0
)
CONFIG = RunConfig(20.0, 3, model=ModelConfig(latent_dim=3), training=TRAINING)


def adversary(latent_dim: int = 3, seed: int = 0, precision: str = "float32") -> Adversary:
    return Adversary(SMALL, latent_dim, seed=seed, device=CPU, precision=precision)


def correlated(num: int, correlation: float, generator: torch.Generator) -> Tensor:
    """Codes of two latents of unit variance."""
    noise = torch.randn(num, 2, generator=generator)
    second = correlation * noise[:, 0] + math.sqrt(1 - correlation**2) * noise[:, 1]
    return torch.stack([noise[:, 0], second], 1)


@pytest.mark.parametrize("correlation", [0.0, 0.9])
def test_it_learns_the_total_correlation_of_a_gaussian(correlation: float) -> None:
    """Within 10% of `-ln(1 - correlation^2) / 2`, the mean over steps with codes new to it."""
    learner, generator = adversary(2), torch.Generator().manual_seed(0)
    estimates, losses = [], []
    for step in range(500):
        codes, others = (correlated(256, correlation, generator) for _ in range(2))
        estimates.append(log_density_ratio(learner.network, codes).mean())
        at = replace(context(step=step), adversary=learner.network)
        losses.append(learner.compute_gradients(codes, others, at))
        learner.update(step + 1)
    expected = -0.5 * math.log(1 - correlation**2)
    estimate, loss = torch.stack(estimates[-200:]).mean(), torch.stack(losses[-200:]).mean()
    assert estimate.item() == pytest.approx(expected, rel=0.1, abs=0.02)
    assert (loss.item() == pytest.approx(math.log(2), abs=0.01)) == (correlation == 0)


def test_codes_that_learn_from_it_become_independent() -> None:
    """Two latents that are one matrix times noise, with the total correlation as their loss."""
    learner, generator = adversary(2), torch.Generator().manual_seed(0)
    matrix = torch.tensor([[1.0, 0.8], [0.0, 0.6]], requires_grad=True)
    correlations = []
    for step in range(600):
        noise, other_noise = torch.randn(2, 256, 2, generator=generator)
        codes, at = noise @ matrix, replace(context(step=step), adversary=learner.network)
        (gradient,) = torch.autograd.grad(
            log_density_ratio(learner.network, codes).mean(), matrix, retain_graph=True
        )
        learner.compute_gradients(codes, (other_noise @ matrix).detach(), at)
        learner.update(step + 1)
        with torch.no_grad():
            matrix -= 0.01 * gradient
            covariance = matrix.T @ matrix
        correlations.append(covariance[0, 1] / covariance.diagonal().prod().sqrt())
    assert correlations[0] > 0.79
    assert torch.stack(correlations[-100:]).abs().mean() < 0.1


def test_its_first_weights_depend_on_the_seed_and_draw_nothing_else() -> None:
    torch.manual_seed(5)
    expected = torch.rand(3)
    torch.manual_seed(5)
    first, again, other = (adversary(seed=seed).network.state_dict() for seed in (0, 0, 1))
    assert same_bits(first, again)
    assert not same_bits(first, other)
    assert torch.equal(torch.rand(3), expected)


def test_only_what_it_learns_from_is_in_half_precision() -> None:
    """The model learns from the network in single precision."""
    full, half = adversary(), adversary(precision="bfloat16")
    codes, others = torch.randn(2, 64, 3, generator=torch.Generator().manual_seed(0))
    losses = [
        a.compute_gradients(codes, others, replace(context(), adversary=a.network))
        for a in (full, half)
    ]
    assert not torch.equal(*losses)
    torch.testing.assert_close(*losses, rtol=0.01, atol=0)
    assert torch.equal(*(log_density_ratio(a.network, codes) for a in (full, half)))


def test_an_objective_without_one_has_none() -> None:
    assert start_adversary(BetaVAE(), 3, seed=0, device=CPU, precision="float32") is None


def gradients(module: torch.nn.Module) -> dict[str, Tensor]:
    return {
        name: parameter.grad.clone()
        for name, parameter in module.named_parameters()
        if parameter.grad is not None
    }


@pytest.fixture
def trainer(small_faces: ImageSet, tmp_path: Path) -> Trainer:
    trainer = Trainer(CONFIG, small_faces, RunFolder(tmp_path), "cpu")
    trainer.close()
    return trainer


def context_of(trainer: Trainer, step: int) -> StepContext:
    return StepContext(
        step=step,
        num_steps=30,
        beta=20.0,
        num_train=len(trainer.images.indices("train")),
        seed=3,
        adversary=network_of(trainer),
    )


def network_of(trainer: Trainer) -> torch.nn.Module:
    assert trainer.adversary
    return trainer.adversary.network


def test_both_gradients_of_a_step_beside_plain_formulas(trainer: Trainer) -> None:
    """The whole batch trains the model; the network's loss reaches the network alone."""
    step, batch = 7, trainer.batch(7)
    means = trainer.compute_gradients(step)
    ours, theirs = gradients(trainer.model), gradients(network_of(trainer))
    trainer.model.zero_grad()
    network_of(trainer).zero_grad()

    terms = trainer.model(trainer.model.standardize(batch.pixels), batch.noise)
    logits = network_of(trainer)(terms.z)
    value = (
        terms.distortion.sum() / 8
        + terms.kl.sum() / 8
        + 20 * (logits[:, 0] - logits[:, 1]).sum() / 8
    )
    names, parameters = zip(*trainer.model.named_parameters())
    plain = dict(zip(names, torch.autograd.grad(value, parameters)))
    torch.testing.assert_close(ours, plain, rtol=1e-4, atol=1e-5)
    assert means[0].item() == pytest.approx(value.item(), rel=1e-5)

    at = context_of(trainer, step)
    others = sample_codes(trainer.model, trainer.other_batch(step))
    permuted = permute_latents(others, generator=at.generator("permutation of latents"))
    right = network_of(trainer)(terms.z.detach()).log_softmax(1)[:, 0].mean()
    wrong = network_of(trainer)(permuted).log_softmax(1)[:, 1].mean()
    names, parameters = zip(*network_of(trainer).named_parameters())
    plain = dict(zip(names, torch.autograd.grad(-(right + wrong) / 2, parameters)))
    torch.testing.assert_close(theirs, plain, rtol=1e-3, atol=1e-6)
    assert means[3].item() == pytest.approx(-(right + wrong).item() / 2, rel=1e-5)


def test_the_networks_loss_changes_no_bit_of_the_encoders_gradient(trainer: Trainer) -> None:
    batch = trainer.batch(7)
    terms = trainer.model(trainer.model.standardize(batch.pixels), batch.noise)
    trainer.loss(terms, 7).value.backward(retain_graph=True)
    before = gradients(trainer.model)
    assert not gradients(network_of(trainer))
    others = sample_codes(trainer.model, trainer.other_batch(7))
    assert trainer.adversary
    trainer.adversary.compute_gradients(terms.z, others, context_of(trainer, 7))
    assert same_bits(gradients(trainer.model), before)
    assert len(gradients(network_of(trainer))) == len(list(network_of(trainer).parameters()))


def test_the_models_loss_changes_no_bit_of_the_networks_gradient(trainer: Trainer) -> None:
    trainer.compute_gradients(7)
    before = gradients(network_of(trainer))
    batch = trainer.batch(8)
    terms = trainer.model(trainer.model.standardize(batch.pixels), batch.noise)
    trainer.loss(terms, 8).value.backward()
    assert same_bits(gradients(network_of(trainer)), before)


def test_its_updates_are_adams(small_faces: ImageSet, tmp_path: Path) -> None:
    """At its own constant rate and with its own betas, step by step."""
    trainer = Trainer(replace(CONFIG, model=LINEAR), small_faces, RunFolder(tmp_path), "cpu")
    trainer.start()
    copies = [torch.nn.Parameter(p.detach().clone()) for p in network_of(trainer).parameters()]
    adam = torch.optim.Adam(copies, lr=2e-3, betas=(0.5, 0.9))
    for _ in range(5):
        trainer.step()
        for copy, parameter in zip(copies, network_of(trainer).parameters()):
            copy.grad = parameter.grad
        adam.step()
    trainer.close()
    torch.testing.assert_close(copies, list(network_of(trainer).parameters()))


def test_the_other_batch_is_of_other_images_with_other_noise(trainer: Trainer) -> None:
    first, other, again = trainer.batch(3), trainer.other_batch(3), trainer.other_batch(3)
    assert other.pixels.shape == first.pixels.shape
    assert torch.equal(other.pixels, again.pixels)
    assert torch.equal(other.noise, again.noise)
    same = (other.pixels[:, None] == first.pixels[None]).flatten(2).all(2)
    assert not same.any()
    assert not torch.equal(other.noise, first.noise)
    assert not torch.equal(other.pixels, trainer.other_batch(4).pixels)


def test_codes_are_the_models_own_without_a_gradient(trainer: Trainer) -> None:
    batch = trainer.batch(3)
    expected = trainer.model(trainer.model.standardize(batch.pixels), batch.noise).z
    codes = sample_codes(trainer.model, Batch(batch.pixels, batch.noise))
    torch.testing.assert_close(codes, expected.detach())
    assert not codes.requires_grad


def test_the_models_first_weights_are_those_of_the_beta_vae(
    small_faces: ImageSet, tmp_path: Path
) -> None:
    def first_weights(objective: str) -> dict[str, Tensor]:
        config = RunConfig(4.0, 3, model=LINEAR, training=tiny(objective=objective))
        trainer = Trainer(config, small_faces, RunFolder(tmp_path / objective), "cpu")
        trainer.close()
        return dict(trainer.model.state_dict())

    assert same_bits(first_weights("factor_vae"), first_weights("beta_vae"))
