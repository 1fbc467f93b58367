"""The loss with a capacity, and that training holds the rate at it."""

import math
from pathlib import Path

import pytest
import torch

from tests.models.objectives.batches import context, random_terms
from unknot.common.errors import UserError
from unknot.config.parts import ModelConfig, TrainingConfig
from unknot.config.run import RunConfig
from unknot.data.image_set import ImageSet
from unknot.models.objectives.capacity import Capacity
from unknot.runs.folder import RunFolder
from unknot.runs.history import read_history
from unknot.training.fit import fit


@pytest.mark.parametrize(
    ("step", "capacity"), [(0, 0.0), (15, 3.0), (30, 6.0), (59, 11.8), (60, 12.0), (89, 12.0)]
)
def test_the_capacity_rises_over_two_thirds_of_the_run(step: int, capacity: float) -> None:
    terms = random_terms(16, 3)
    loss = Capacity(gamma=10.0).loss(terms, context(step=step, num_steps=90, beta=12.0))
    rate = terms.kl.sum(1).mean().item()
    assert loss.quantities[0].item() == pytest.approx(capacity)
    assert loss.value.item() == pytest.approx(7.5 + 10 * abs(rate - capacity))


def test_the_steps_of_the_rise_can_be_given() -> None:
    objective = Capacity(rising_steps=200)
    for num_steps in (90, 900):
        at = context(step=50, num_steps=num_steps, beta=12.0)
        assert objective.loss(random_terms(16, 3), at).quantities[0].item() == 3.0


def test_the_modulus_is_of_the_mean_over_the_batch() -> None:
    """Rates on both sides of the capacity make up for one another."""
    terms = random_terms(2, 1)._replace(kl=torch.tensor([[2.0], [6.0]]))
    at = context(step=80, num_steps=90, beta=4.0)
    assert Capacity().loss(terms, at).value.item() == 0.5


def test_what_does_not_fit_is_one_line() -> None:
    with pytest.raises(UserError, match="gamma of capacity is -1; it must be a finite number"):
        Capacity(gamma=-1.0)
    with pytest.raises(UserError, match="rising_steps of capacity is -5; it must be a number of"):
        Capacity(rising_steps=-5)


@pytest.mark.parametrize("capacity", [3.0, 8.0])
def test_training_holds_the_rate_at_the_capacity(
    capacity: float, small_faces: ImageSet, tmp_path: Path
) -> None:
    """Within a nat, over the last third, where the capacity is the final one."""
    training = TrainingConfig(
        objective="capacity", steps=300, batch_size=32, log_every=20, precision="float32"
    )
    config = RunConfig(capacity, 0, model=ModelConfig(latent_dim=3), training=training)
    fit(config, small_faces, RunFolder(tmp_path), device="cpu")
    lines = read_history(RunFolder(tmp_path).history, "train")
    last = [line for line in lines if line["step"] > 220]
    assert len(last) == 4
    for line in last:
        assert math.isclose(line["capacity"], capacity, rel_tol=1e-6)
        assert abs(line["rate"] - capacity) < 1
