"""The FactorVAE's two losses, and what it refuses."""

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import nn

from tests.models.objectives.batches import context, random_terms
from unknot.common.errors import UserError
from unknot.models.density_ratio import classification_loss, permute_latents
from unknot.models.objectives import AdversarialObjective, StepContext, build_objective
from unknot.models.objectives.beta_vae import BetaVAE
from unknot.models.objectives.factor_vae import FactorVAE

SMALL = FactorVAE(hidden_units=16, hidden_layers=2)


def at_step(*, beta: float = 1.0, step: int = 0) -> StepContext:
    """Say when a loss is asked for, of a discriminator of three latents."""
    torch.manual_seed(0)
    return replace(context(beta=beta, step=step), adversary=SMALL.build_adversary(3))


def test_its_loss() -> None:
    """Distortion and rate have a weight of 1, whatever the total correlation's is."""
    terms, at = random_terms(16, 3), at_step(beta=35.0)
    assert at.adversary is not None
    logits = at.adversary(terms.z.float()).double()
    total_correlation = (logits[:, 0] - logits[:, 1]).mean()
    expected = terms.distortion.mean() + terms.kl.sum(1).mean() + 35 * total_correlation
    loss = SMALL.loss(terms, at)
    torch.testing.assert_close(loss.value, expected, rtol=1e-6, atol=0)
    torch.testing.assert_close(loss.quantities, (total_correlation,), rtol=1e-5, atol=1e-6)
    assert len(loss.quantities) + 1 == len(FactorVAE.quantities)


def test_at_gamma_zero_it_is_the_vae() -> None:
    terms = random_terms(16, 3)
    expected = BetaVAE().loss(terms, context(beta=1.0)).value
    assert torch.equal(SMALL.loss(terms, at_step(beta=0.0)).value, expected)


def test_the_discriminator_learns_from_the_other_images_permuted() -> None:
    codes, others = torch.randn(2, 16, 3)
    at = at_step(step=4)
    assert at.adversary is not None
    permuted = permute_latents(others, generator=at.generator("permutation of latents"))
    expected = classification_loss(at.adversary, codes, permuted)
    assert torch.equal(SMALL.adversary_loss(codes, others, at), expected)
    assert not torch.equal(SMALL.adversary_loss(codes, others, at_step(step=5)), expected)


def test_its_discriminator_and_adam_are_the_papers() -> None:
    objective = FactorVAE()
    assert isinstance(objective, AdversarialObjective)
    sizes = [m.out_features for m in objective.build_adversary(6) if isinstance(m, nn.Linear)]
    assert sizes == [*[1000] * 6, 2]
    assert objective.adversary_adam == (1e-4, 0.5, 0.9)
    assert FactorVAE(discriminator_learning_rate=1e-3).adversary_adam.learning_rate == 1e-3


def test_objectives_without_a_network_are_none_of_its_kind() -> None:
    assert not isinstance(BetaVAE(), AdversarialObjective)


def test_one_image_has_a_loss_all_the_same() -> None:
    """As there may be one validation image."""
    assert torch.isfinite(SMALL.loss(random_terms(1, 3), at_step()).value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"hidden_units": 0}, "hidden_units of factor_vae is 0; it must be at least 1"),
        ({"hidden_layers": -1}, "hidden_layers of factor_vae is -1; it must be at least 1"),
        (
            {"discriminator_learning_rate": 0.0},
            "discriminator_learning_rate of factor_vae is 0; it must be a finite number above 0",
        ),
        ({"discriminator_learning_rate": math.nan}, "discriminator_learning_rate of factor_vae is"),
        ({"gamma": 35.0}, "objective factor_vae has no option 'gamma'; it has hidden_units"),
    ],
)
def test_options_that_do_not_fit_are_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        build_objective("factor_vae", options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_batch_of_one_is_refused() -> None:
    FactorVAE().check(10.0, 2)
    with pytest.raises(UserError, match=r"batch_size is 1; the objective factor_vae .* at least 2"):
        FactorVAE().check(10.0, 1)
