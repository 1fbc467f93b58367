"""The beta-TCVAE's loss: its weights, what N is, and what it refuses."""

import math
from typing import Any

import pytest
import torch

from tests.models.objectives.batches import context, random_terms
from unknot.common.errors import UserError
from unknot.models.objectives import build_objective
from unknot.models.objectives.beta_tcvae import BetaTCVAE
from unknot.models.objectives.beta_vae import BetaVAE
from unknot.models.rate_decomposition import ESTIMATORS, decompose_rate


@pytest.mark.parametrize("estimator", list(ESTIMATORS))
def test_each_part_has_its_weight(estimator: str) -> None:
    """The parts' own sum is the sampled rate, in whose place stands the rate in closed form."""
    terms = random_terms(16, 3)
    weights = ESTIMATORS[estimator](16, 1_000)
    mutual_information, total_correlation, dimension_wise_kl = decompose_rate(
        terms.z, terms.posterior, weights
    )
    sampled = mutual_information + total_correlation + dimension_wise_kl
    weighted = 0.5 * mutual_information + 6 * total_correlation + 2 * dimension_wise_kl
    expected = terms.distortion.mean() + weighted + terms.kl.sum(1).mean() - sampled
    objective = BetaTCVAE(alpha=0.5, gamma=2.0, estimator=estimator)
    loss = objective.loss(terms, context(beta=6.0, num_train=1_000))
    torch.testing.assert_close(loss.value, expected)
    torch.testing.assert_close(
        torch.stack(loss.quantities),
        torch.stack([mutual_information, total_correlation, dimension_wise_kl]),
    )
    assert len(loss.quantities) == len(BetaTCVAE.quantities)


def test_with_weights_of_one_it_is_the_beta_vae() -> None:
    terms, at = random_terms(16, 3), context(beta=1.0)
    assert torch.equal(BetaTCVAE().loss(terms, at).value, BetaVAE().loss(terms, at).value)


def test_the_number_of_images_is_that_of_the_training() -> None:
    """A batch of another size, as when validating, has the same N: else TC would fall by it."""
    by_size = {
        size: BetaTCVAE(estimator="weighted").loss(random_terms(size, 3), context(num_train=5_000))
        for size in (64, 1_000)
    }
    constant = (3 - 1) * math.log(5_000)
    for loss in by_size.values():
        assert abs(loss.quantities[1].item() - constant) < 1.0


def test_one_image_has_a_loss_all_the_same() -> None:
    """As there may be one validation image."""
    assert torch.isfinite(BetaTCVAE().loss(random_terms(1, 3), context()).value)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"alpha": -1.0}, "alpha of beta_tcvae is -1; it must be a finite number of at least 0"),
        ({"gamma": math.inf}, "gamma of beta_tcvae is inf; it must be a finite number"),
        ({"estimator": "mws"}, "estimator of beta_tcvae is 'mws'; it can be exact, weighted"),
        ({"lambda": 2.0}, "objective beta_tcvae has no option 'lambda'; it has alpha, gamma"),
    ],
)
def test_options_that_do_not_fit_are_one_line(options: dict[str, Any], message: str) -> None:
    with pytest.raises(UserError) as caught:
        build_objective("beta_tcvae", options)
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_batch_of_one_is_refused() -> None:
    BetaTCVAE().check(0.0, 2)
    with pytest.raises(UserError, match=r"batch_size is 1; the objective beta_tcvae .* at least 2"):
        BetaTCVAE().check(1.0, 1)
