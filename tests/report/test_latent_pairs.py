"""Latents of other runs that are like a latent."""

import numpy as np
import pytest

from unknot.evidence.rate_matching import RunPosteriors
from unknot.report.latent_pairs import Partner, card_address, latent_partners, pair_latents

CODES = np.random.default_rng(0).normal(size=(200, 3))


def posteriors(beta: float, seed: int, mean: np.ndarray) -> RunPosteriors:
    return RunPosteriors(beta=beta, seed=seed, mean=mean, logvar=np.zeros_like(mean))


def test_a_permuted_and_turned_latent_is_found_in_another_seed() -> None:
    other = np.exp(CODES[:, [2, 0, 1]]) * (1, -1, 1)  # ranks do not mind a monotone function
    runs = {"a": posteriors(1, 0, CODES), "b": posteriors(1, 1, other)}
    partners = latent_partners(runs)
    assert [partners["a", i].seeds[0].latent for i in range(3)] == [1, 2, 0]
    assert [partners["a", i].seeds[0].correlation for i in range(3)] == pytest.approx([-1, 1, 1])
    assert partners["b", 0].seeds[0].latent == 2
    assert partners["a", 0].betas == []


def test_unrelated_latents_are_no_pair() -> None:
    unrelated = np.random.default_rng(1).normal(size=(200, 3))
    runs = {"a": posteriors(1, 0, CODES), "b": posteriors(1, 1, unrelated)}
    partner = latent_partners(runs)["a", 0].seeds[0]
    assert not partner.is_paired
    assert abs(partner.correlation) < 0.3


def test_the_neighboring_betas_give_their_best_run() -> None:
    near = CODES + np.random.default_rng(1).normal(0, 0.1, CODES.shape)
    far = CODES + np.random.default_rng(2).normal(0, 2, CODES.shape)
    runs = {
        "a": posteriors(2, 0, CODES),
        "b": posteriors(4, 0, far),
        "c": posteriors(4, 1, near),
        "d": posteriors(1, 0, far),
        "e": posteriors(8, 0, CODES),
    }
    partners = latent_partners(runs)
    assert [(p.beta, p.run) for p in partners["a", 1].betas] == [(1, "d"), (4, "c")]
    assert [p.run for p in partners["d", 1].betas] == ["a"]


def test_a_collapsed_run_has_no_partner_and_a_collapsed_latent_is_none() -> None:
    runs = {"a": posteriors(1, 0, CODES * (1, 0.001, 1)), "b": posteriors(1, 1, 0 * CODES)}
    partners = latent_partners(runs)
    assert set(partners) == {("a", 0), ("a", 2)}
    partner = partners["a", 0].seeds[0]
    assert (partner.latent, partner.is_paired) == (None, False)


def test_pairs_hold_each_latent_once() -> None:
    other = posteriors(2, 0, -(CODES[:, [2, 0, 1]] ** 3))
    pairs = {pair.latent: pair for pair in pair_latents(posteriors(1, 0, CODES), other)}
    assert [pairs[i].partner for i in range(3)] == [1, 2, 0]
    assert [pairs[i].correlation for i in range(3)] == pytest.approx([-1, -1, -1])
    both = np.stack([CODES[:, 0] + CODES[:, 1], np.random.default_rng(3).normal(size=200)], axis=1)
    assert len(pair_latents(posteriors(1, 0, CODES[:, :2]), posteriors(2, 0, both))) == 1


def test_the_strongest_pair_comes_first() -> None:
    near = CODES + np.random.default_rng(1).normal(size=CODES.shape) * (0.9, 0.1, 0.5)
    pairs = pair_latents(posteriors(1, 0, CODES), posteriors(2, 0, near))
    assert [pair.latent for pair in pairs] == [1, 2, 0]


def test_collapsed_latents_are_in_no_pair() -> None:
    still = posteriors(2, 0, CODES * (1, 0, 1))
    pairs = pair_latents(posteriors(1, 0, CODES), still)
    assert sorted((pair.latent, pair.partner) for pair in pairs) == [(0, 0), (2, 2)]
    assert pair_latents(still, posteriors(2, 0, 0 * CODES)) == []


def test_an_address_survives_any_name() -> None:
    assert card_address("beta-1e+06_seed-0", 3) == "latent=beta-1e%2B06_seed-0/3"
    partner = Partner(run="a b", beta=2.0, seed=1, objective="beta_vae", latent=4, correlation=0.9)
    assert partner.address == "latent=a%20b/4"
    assert partner.title == "beta 2, seed 1"
