"""The AdaGVAE's rule of averaging and its loss against NumPy."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torch import Tensor

from tests.models.objectives.batches import context, terms_of
from unknot.common.errors import UserError
from unknot.models.build import build_vae
from unknot.models.objectives import PairObjective
from unknot.models.objectives.ada_gvae import AdaGVAE, shared_latents
from unknot.models.objectives.beta_vae import BetaVAE
from unknot.models.vae import Posterior


def random_posterior(num: int, latent_dim: int) -> Posterior:
    generator = torch.Generator().manual_seed(0)
    mean, logvar = torch.randn(2, num, latent_dim, generator=generator, dtype=torch.float64)
    return Posterior(2 * mean, logvar)


def kl_by_integration(mean: float, var: float, other_mean: float, other_var: float) -> float:
    """KL divergence of two Gaussians as an integral on a grid."""
    x, step = np.linspace(mean - 12 * var**0.5, mean + 12 * var**0.5, 20_001, retstep=True)
    log_p = -0.5 * ((x - mean) ** 2 / var + np.log(2 * np.pi * var))
    log_q = -0.5 * ((x - other_mean) ** 2 / other_var + np.log(2 * np.pi * other_var))
    return float((np.exp(log_p) * (log_p - log_q)).sum() * step)


def adapted_by_numpy(posterior: Posterior) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Average the pairs of a batch one latent after the other; gives means and variances."""
    means, variances = posterior.mean.numpy().copy(), np.exp(posterior.logvar.numpy())
    num_pairs, latent_dim = len(means) // 2, means.shape[1]
    for a in range(num_pairs):
        b = a + num_pairs
        divergences = [
            kl_by_integration(means[a, i], variances[a, i], means[b, i], variances[b, i])
            for i in range(latent_dim)
        ]
        threshold = (min(divergences) + max(divergences)) / 2
        for i in range(latent_dim):
            if divergences[i] < threshold:
                means[[a, b], i] = means[[a, b], i].mean()
                variances[[a, b], i] = variances[[a, b], i].mean()
    return means, variances


def test_partners_share_what_lies_below_the_middle_of_their_divergences() -> None:
    posterior = random_posterior(8, 5)
    means, variances = adapted_by_numpy(posterior)
    adapted = AdaGVAE().adapt(posterior)
    np.testing.assert_allclose(adapted.mean.numpy(), means, rtol=1e-9)
    np.testing.assert_allclose(adapted.logvar.exp().numpy(), variances, rtol=1e-9)
    assert not np.array_equal(means, posterior.mean.numpy())


def test_its_loss_and_how_many_latents_are_shared() -> None:
    posterior = random_posterior(8, 5)
    means, variances = adapted_by_numpy(posterior)
    adapted = AdaGVAE().adapt(posterior)
    loss = AdaGVAE().loss(terms_of(adapted, adapted.mean), context(beta=4.0))
    rate = 0.5 * (means**2 + variances - 1 - np.log(variances)).sum(1).mean()
    assert loss.value.item() == pytest.approx(3.5 + 4 * rate)
    num_shared = (means[:4] == means[4:]).sum(1).mean()
    assert loss.quantities[0].item() == pytest.approx(num_shared)
    assert 0 < num_shared < 5


@pytest.mark.parametrize("latent_dim", [1, 4])
def test_without_a_shared_latent_it_is_the_beta_vae(latent_dim: int) -> None:
    """No divergence is below the middle where all are equal: one latent, or all alike."""
    first = torch.arange(3.0).double()[:, None].expand(3, latent_dim)
    posterior = Posterior(torch.cat([first, first + 1]), torch.zeros(6, latent_dim).double())
    adapted = AdaGVAE().adapt(posterior)
    assert torch.equal(adapted.mean, posterior.mean)
    assert torch.equal(adapted.logvar, posterior.logvar)
    terms = terms_of(adapted, adapted.mean)
    loss = AdaGVAE().loss(terms, context(beta=4.0))
    assert torch.equal(loss.value, BetaVAE().loss(terms, context(beta=4.0)).value)
    assert loss.quantities[0].item() == 0


def test_an_image_beside_itself_stays_as_it_is() -> None:
    posterior = random_posterior(3, 4)
    twice = Posterior(posterior.mean.repeat(2, 1), posterior.logvar.repeat(2, 1))
    adapted = AdaGVAE().adapt(twice)
    torch.testing.assert_close(adapted.mean, twice.mean)
    torch.testing.assert_close(adapted.logvar, twice.logvar)


def test_the_latent_that_differs_most_is_never_shared() -> None:
    posterior = random_posterior(400, 6)
    parts = [part.chunk(2) for part in posterior]
    shared = shared_latents(*(Posterior(mean, logvar) for mean, logvar in zip(*parts)))
    assert not shared.all(1).any()
    same = Posterior(torch.zeros(1, 3), torch.zeros(1, 3))
    other = Posterior(torch.tensor([[0.0, 0.0, 2.0]]), torch.zeros(1, 3))
    assert shared_latents(same, other).tolist() == [[True, True, False]]


def test_the_divergence_has_the_direction_of_the_paper() -> None:
    """A narrow posterior beside a broad one: seen from the broad, the variance counts more."""
    narrow = Posterior(torch.tensor([[0.0, 0.0]]), torch.tensor([[-4.0, 0.0]]))
    broad = Posterior(torch.tensor([[0.0, 2.5]]), torch.tensor([[0.0, 0.0]]))
    assert shared_latents(narrow, broad).tolist() == [[True, False]]
    assert shared_latents(broad, narrow).tolist() == [[False, True]]


def test_gradients_of_a_shared_latent_reach_both_images() -> None:
    mean = torch.tensor([[0.1, 0.0], [0.3, 3.0]], dtype=torch.float64, requires_grad=True)
    adapted = AdaGVAE().adapt(Posterior(mean, torch.zeros(2, 2).double()))
    (gradient,) = torch.autograd.grad(adapted.mean[0].sum(), mean)
    assert gradient.tolist() == [[0.5, 1.0], [0.5, 0.0]]


def test_codes_are_sampled_from_the_averaged_posteriors() -> None:
    model = build_vae("linear", (1, 4, 4), 3, seed=1)
    x, noise = torch.randn(4, 1, 4, 4), torch.randn(4, 3)
    alone, terms = model(x, noise), model(x, noise, AdaGVAE().adapt)
    expected = AdaGVAE().adapt(alone.posterior)
    assert not torch.equal(expected.mean, alone.posterior.mean)
    assert torch.equal(terms.posterior.mean, expected.mean)
    std: Tensor = (0.5 * expected.logvar).exp()
    torch.testing.assert_close(terms.z, expected.mean + std * noise)
    variance = expected.logvar.exp()
    torch.testing.assert_close(terms.kl, 0.5 * (expected.mean**2 + variance - 1 - expected.logvar))


def alignment(*, in_pairs: bool, num_steps: int = 350) -> float:
    """Train a linear model on four rotated factors; give how well single latents tell factors.

    That is the largest squared correlation of a factor with a latent, averaged over the factors.
    """
    generator = torch.Generator().manual_seed(0)
    rotation = torch.linalg.qr(torch.randn(4, 4, generator=generator)).Q
    model = build_vae("linear", (1, 2, 2), 4, seed=0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.03)
    for step in range(num_steps):
        first, second = torch.randn(2, 64, 4, generator=generator)
        numbers = torch.randint(1, 4, (64, 1), generator=generator)
        changed = torch.rand(64, 4, generator=generator).argsort(1).argsort(1) < numbers
        factors = torch.cat([first, torch.where(changed, second, first)])
        images = (3 * factors @ rotation).reshape(-1, 1, 2, 2)
        noise = torch.randn(128, 4, generator=generator)
        terms = model(images, noise, AdaGVAE().adapt if in_pairs else None)
        optimizer.zero_grad()
        AdaGVAE().loss(terms, context(step=step)).value.backward()
        optimizer.step()
    factors = torch.randn(2_000, 4, generator=generator)
    codes = model.encode((3 * factors @ rotation).reshape(-1, 1, 2, 2)).mean.detach()
    squared = np.corrcoef(codes.T.numpy(), factors.T.numpy())[:4, 4:] ** 2
    return float(squared.max(0).mean())


def test_pairs_find_the_factors_that_a_linear_beta_vae_cannot() -> None:
    """Factors of one variance: the beta-VAE's loss is the same for every rotation of the codes."""
    assert alignment(in_pairs=True) > 0.95
    assert alignment(in_pairs=False) < 0.8


def test_what_does_not_fit_is_one_line() -> None:
    assert isinstance(AdaGVAE(), PairObjective)
    assert not isinstance(BetaVAE(), PairObjective)
    with pytest.raises(UserError, match="differ of ada_gvae is -1; it must be a number of fac"):
        AdaGVAE(differ=-1)
    for batch_size in (0, 1, 7):
        with pytest.raises(UserError, match=f"batch_size is {batch_size}; .* an even number"):
            AdaGVAE().check(1.0, batch_size)
    AdaGVAE().check(1.0, 2)
