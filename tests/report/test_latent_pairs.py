import numpy as np
import pytest
from scipy.stats import spearmanr

from unknot.report.latent_pairs import pair_latents, rank_correlations


def test_permuted_and_turned_latents_find_their_partners() -> None:
    codes = np.random.default_rng(0).normal(size=(500, 4))
    partners = pair_latents(codes, -(codes[:, [2, 0, 3, 1]] ** 3))  # any increasing scale will do
    assert [partner.latent for partner in partners if partner] == [1, 3, 0, 2]
    assert [partner.correlation for partner in partners if partner] == pytest.approx([-1] * 4)


def test_each_partner_is_given_once_to_the_pairs_that_fit_best() -> None:
    rng = np.random.default_rng(1)
    first = rng.normal(size=(2_000, 2))
    second = np.stack([first.sum(1), rng.normal(size=2_000)], axis=1)
    partners = pair_latents(first, second)
    assert sum(partner is not None for partner in partners) == 1


def test_collapsed_latents_have_no_partner() -> None:
    codes = np.random.default_rng(2).normal(size=(300, 3))
    still = codes * [1, 0, 1]
    partners = pair_latents(codes, still)
    assert partners[1] is None
    assert partners[0] is not None


def test_the_correlation_is_spearmans() -> None:
    rng = np.random.default_rng(3)
    first = rng.integers(0, 5, (200, 2)).astype(float)
    second = first[:, ::-1] + rng.normal(size=(200, 2))
    expected = spearmanr(first, second).statistic[:2, 2:]
    assert rank_correlations(first, second) == pytest.approx(expected)
