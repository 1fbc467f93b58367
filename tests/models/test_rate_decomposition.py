"""The parts of the rate against closed forms; their weights against the average of all posteriors.

The figures that other implementations got wrong are those of `docs/models.md`.
"""

import math

import pytest
import torch
from torch import Tensor

from unknot.models.gaussian import kl_divergence
from unknot.models.rate_decomposition import (
    ESTIMATORS,
    average_posterior,
    decompose_rate,
    exact_weights,
    stratified_weights,
)
from unknot.models.vae import Posterior

COVARIANCE = torch.tensor([[0.7, 0.5, 0.0], [0.5, 0.6, -0.2], [0.0, -0.2, 0.6]]).double()
STD = torch.tensor([0.8, 0.9, 1.1]).double()  # of the posteriors
NUM_IMAGES = 100_000


def correlated(num: int, generator: torch.Generator) -> tuple[Tensor, Posterior]:
    """Draw images whose posterior means are correlated, and a sample of each posterior."""
    noise = torch.randn(num, 3, generator=generator, dtype=torch.float64)
    mean = noise @ torch.linalg.cholesky(COVARIANCE).T
    posterior = Posterior(mean, (2 * STD.log()).expand(num, 3))
    sample = torch.randn(num, 3, generator=generator, dtype=torch.float64)
    return mean + STD * sample, posterior


def closed_forms() -> tuple[float, float, float]:
    """The parts where the posterior means are Gaussian: so is then q(z)."""
    total = COVARIANCE + STD.square().diag()
    log_det, variances = torch.logdet(total), total.diagonal()
    mutual_information = 0.5 * (log_det - 2 * STD.log().sum())
    total_correlation = 0.5 * (variances.log().sum() - log_det)
    dimension_wise_kl = 0.5 * (variances - 1 - variances.log()).sum()
    return mutual_information.item(), total_correlation.item(), dimension_wise_kl.item()


@pytest.mark.parametrize("estimator", ["exact", "stratified"])
def test_each_part_has_its_closed_form_value(estimator: str) -> None:
    """Within three standard errors; the mutual information is far below log N, and log B.

    The logarithm of an unbiased density is too low by about its relative variance / 2B: here by a
    standard error or less.
    """
    generator = torch.Generator().manual_seed(0)
    weights = ESTIMATORS[estimator](2_000, NUM_IMAGES)
    batches, rates = [], []
    for _ in range(12):
        z, posterior = correlated(2_000, generator)
        batches.append(torch.stack(decompose_rate(z, posterior, weights)))
        rates.append(kl_divergence(*posterior).sum(1).mean())
    parts = torch.stack(batches)
    expected = torch.tensor(closed_forms(), dtype=torch.float64)
    assert 0.5 < expected[0] < math.log(1_000) / 5
    assert expected[1] > 0.05
    errors = parts.std(0) / math.sqrt(len(parts))
    assert (errors < 0.015).all()
    assert ((parts.mean(0) - expected).abs() < 3 * errors).all()
    differences = parts.sum(1) - torch.stack(rates)
    assert abs(differences.mean()) < 3 * differences.std() / math.sqrt(len(parts))


@pytest.mark.parametrize("estimator", list(ESTIMATORS))
def test_the_parts_add_up_to_the_sampled_rate(estimator: str) -> None:
    """With any weights, so that it proves nothing about the parts."""
    z, posterior = correlated(16, torch.Generator().manual_seed(1))
    sampled = 0.5 * (z.square() - ((z - posterior.mean) / STD).square() - 2 * STD.log())
    parts = decompose_rate(z, posterior, ESTIMATORS[estimator](16, 1_000))
    torch.testing.assert_close(sum(parts), sampled.sum(1).mean())


def densities_of_all(z: Tensor, mean: Tensor, std: Tensor) -> Tensor:
    """q(z) of one sample, and of each of its latents, from all posteriors."""
    per_latent = torch.distributions.Normal(mean, std).log_prob(z)
    return torch.cat([per_latent.sum(1).exp().mean()[None], per_latent.exp().mean(0)])


@pytest.mark.parametrize("estimator", ["exact", "stratified"])
def test_the_density_is_unbiased_over_batches(estimator: str) -> None:
    """2,000 batches of 8 of 1,000 images; the density, not its logarithm, of one image's sample."""
    generator = torch.Generator().manual_seed(2)
    mean = torch.randn(1_000, 2, generator=generator, dtype=torch.float64)
    std = 0.3 + torch.rand(1_000, 2, generator=generator, dtype=torch.float64)
    z = mean[0] + 0.5 * std[0]
    weights = ESTIMATORS[estimator](8, 1_000)
    estimates = []
    for _ in range(2_000):
        others = 1 + torch.randperm(999, generator=generator)[:7]
        place = int(torch.randint(8, (), generator=generator))
        rows = torch.cat([others[:place], torch.tensor([0]), others[place:]])
        posterior = Posterior(mean[rows], 2 * std[rows].log())
        densities = average_posterior(z.expand(8, 2), posterior, weights)
        own = torch.cat([densities.joint[place][None], densities.per_latent[place]])
        estimates.append(own.exp())
    values = torch.stack(estimates)
    errors = values.std(0) / math.sqrt(len(values))
    expected = densities_of_all(z, mean, std)
    assert (errors < 0.05 * expected).all()
    assert ((values.mean(0) - expected).abs() < 3 * errors).all()


def test_a_batch_of_all_images_gives_the_density_itself() -> None:
    generator = torch.Generator().manual_seed(3)
    z, posterior = correlated(50, generator)
    densities = average_posterior(z, posterior, exact_weights(50, 50))
    expected = densities_of_all(z[7], posterior.mean, STD)
    assert densities.joint[7].exp().item() == pytest.approx(expected[0].item(), rel=1e-6)
    torch.testing.assert_close(densities.per_latent[7].exp(), expected[1:], rtol=1e-6, atol=0)


@pytest.mark.parametrize("batch_size", [2, 4, 64])
def test_rows_sum_to_one_with_the_own_image_on_the_diagonal(batch_size: int) -> None:
    """Stratified weights in a column instead sum to 1.31 in most rows, at a batch of 4."""
    for weights in (exact_weights(batch_size, 1_000), stratified_weights(batch_size, 1_000)):
        torch.testing.assert_close(weights.sum(1), torch.ones(batch_size))
        torch.testing.assert_close(weights.diagonal(), torch.full((batch_size,), 1 / 1_000))
        torch.testing.assert_close(weights.sum(0), torch.ones(batch_size))


def test_stratified_weights_of_a_batch_of_four() -> None:
    after, other = (10 - 3) / (10 * 3), 1 / 3
    torch.testing.assert_close(
        stratified_weights(4, 10),
        torch.tensor(
            [
                [0.1, after, other, other],
                [other, 0.1, after, other],
                [other, other, 0.1, after],
                [after, other, other, 0.1],
            ]
        ),
    )


def test_a_batch_of_more_images_than_there_are_has_weights() -> None:
    """As validation images may be more than those of the training."""
    assert torch.equal(stratified_weights(9, 4), exact_weights(9, 4))
    torch.testing.assert_close(exact_weights(9, 4).sum(1), torch.ones(9))


@pytest.mark.parametrize(
    ("std", "batch_size", "exact", "weighted"),
    [(0.7, 64, -0.13, 54.2), (0.7, 1024, -0.02, 54.1), (0.3, 64, -1.86, 57.1)],
)
def test_total_correlation_of_independent_latents(
    std: float, batch_size: int, exact: float, weighted: float
) -> None:
    """It is 0. A weight per latent would count N D times: -27; N of the batch would lack 54."""
    generator = torch.Generator().manual_seed(4)
    estimates: dict[str, list[Tensor]] = {"exact": [], "weighted": []}
    for _ in range(12):
        mean = math.sqrt(1 - std**2) * torch.randn(batch_size, 6, generator=generator)
        z = mean + std * torch.randn(batch_size, 6, generator=generator)
        posterior = Posterior(mean, torch.full_like(mean, 2 * math.log(std)))
        for name, values in estimates.items():
            parts = decompose_rate(z, posterior, ESTIMATORS[name](batch_size, 50_000))
            values.append(parts.total_correlation)
    for name, expected in (("exact", exact), ("weighted", weighted)):
        values = torch.stack(estimates[name])
        tolerance = 0.02 + 4 * values.std().item() / math.sqrt(len(values))
        assert values.mean().item() == pytest.approx(expected, abs=tolerance)


def test_narrow_posteriors_far_apart_do_not_underflow() -> None:
    """A density of exp(-5e7) is 0 in any floating point, and its logarithm would be infinite."""
    mean = torch.tensor([[-5.0, 5.0], [5.0, -5.0]], requires_grad=True)
    logvar = torch.full((2, 2), -13.0, requires_grad=True)
    parts = decompose_rate(mean + 1e-3, Posterior(mean, logvar), exact_weights(2, 10))
    assert parts.mutual_information.item() == pytest.approx(math.log(10), abs=1e-4)
    assert parts.total_correlation.item() == pytest.approx(math.log(10), abs=1e-4)
    sum(parts).backward()  # type: ignore[union-attr]
    assert mean.grad is not None
    assert logvar.grad is not None
    assert torch.isfinite(mean.grad).all()
    assert torch.isfinite(logvar.grad).all()
