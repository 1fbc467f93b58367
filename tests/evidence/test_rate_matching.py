"""Models brought to the same rate and number of latents."""

import numpy as np
import pytest

from unknot.evidence.rate_matching import (
    RunPosteriors,
    match_rates_jointly,
    noisy_rate,
)


def _run(seed: int, variance: float, num_active: int = 4, beta: float = 1.0) -> RunPosteriors:
    rng = np.random.default_rng(seed)
    mean = np.sqrt(1 - variance) * rng.standard_normal((4_000, 4))
    mean[:, num_active:] = 0
    logvar = np.full((4_000, 4), np.log(variance))
    logvar[:, num_active:] = 0
    return RunPosteriors(beta=beta, seed=seed, mean=mean, logvar=logvar)


def test_the_rate_of_noisy_codes_is_that_of_the_channel() -> None:
    run = _run(0, 0.1)
    assert noisy_rate(run.mean, run.logvar, 1.0) == pytest.approx(0.5 * np.log(10), rel=0.02)
    share = 0.6  # of a filled prior, the information that is left of each latent is in closed form
    expected = -0.5 * np.log(share**2 * 0.1 + 1 - share**2)
    assert noisy_rate(run.mean, run.logvar, share) == pytest.approx(expected, rel=0.02)
    assert noisy_rate(run.mean, run.logvar, 0.0) == pytest.approx(0, abs=1e-12)


def test_both_groups_end_at_the_smaller_rate() -> None:
    low = [_run(seed, 0.05) for seed in range(3)]
    high = [_run(seed, 0.3, beta=9) for seed in range(3, 6)]
    matched = match_rates_jointly([*low, *high])
    assert matched is not None
    smaller = np.mean([run.kl.sum() for run in high])
    assert matched.rate == pytest.approx(smaller)
    assert np.mean(matched.rates[:3]) == pytest.approx(smaller)
    assert np.mean(matched.rates[3:]) == pytest.approx(smaller)
    assert [code.shape for code in matched.codes] == [(4_000, 4)] * 6
    for code in matched.codes:  # samples of posteriors that fill the prior
        assert code.var(0) == pytest.approx(1, abs=0.09)  # four standard errors


def test_groups_whose_models_differ_are_matched_in_their_means() -> None:
    low = [_run(seed, 0.05) for seed in range(3)]
    high = [_run(i, v, beta=9) for i, v in enumerate((0.1, 0.2, 0.6))]
    matched = match_rates_jointly([*low, *high])
    assert matched is not None
    assert np.mean(matched.rates[:3]) == pytest.approx(np.mean(matched.rates[3:]))
    assert matched.rates[3:] == pytest.approx([run.kl.sum() for run in high])  # left as they were


def test_every_model_keeps_as_many_latents_as_the_one_with_the_fewest() -> None:
    low, high = [_run(0, 0.1), _run(1, 0.1)], [_run(2, 0.1, num_active=2), _run(3, 0.1)]
    matched = match_rates_jointly([*low, *high])
    assert matched is not None
    assert matched.num_latents == 2
    assert {code.shape[1] for code in matched.codes} == {2}


def test_the_strongest_latents_are_kept() -> None:
    strong = _run(0, 0.1)
    strong.logvar[:, 2] = np.log(0.01)
    few = _run(1, 0.1, num_active=1)
    matched = match_rates_jointly([strong, few])
    assert matched is not None
    strongest = matched.codes[0][:, 0]
    assert abs(np.corrcoef(strongest, strong.mean[:, 2])[0, 1]) > 0.8


def test_a_collapsed_model_cannot_be_matched() -> None:
    assert match_rates_jointly([_run(0, 0.1), _run(1, 0.1, num_active=0)]) is None


def test_all_betas_end_at_the_least_mean_rate() -> None:
    variances = {1.0: (0.05, 0.06), 4.0: (0.2, 0.5), 16.0: (0.1, 0.15)}
    runs = [
        _run(10 * i + k, variances[beta][k], beta=beta)
        for k in range(2)
        for i, beta in enumerate(variances)  # runs of a beta do not stand together
    ]
    matched = match_rates_jointly(runs)
    assert matched is not None
    least = np.mean([run.kl.sum() for run in runs if run.beta == 4.0])
    assert matched.rate == pytest.approx(least)
    for beta in variances:
        rates = [rate for run, rate in zip(runs, matched.rates) if run.beta == beta]
        assert np.mean(rates) == pytest.approx(least)
    assert matched.rates[1::3] == pytest.approx([run.kl.sum() for run in runs[1::3]])
    for run, codes in zip(runs, matched.codes):  # each in its place
        assert abs(np.corrcoef(run.mean[:, 0], codes[:, 0])[0, 1]) > 0.5
        assert codes.var(0) == pytest.approx(1, abs=0.09)  # samples of posteriors, four errors


def test_one_beta_is_matched_with_itself_and_a_collapsed_run_with_none() -> None:
    runs = [_run(0, 0.1), _run(1, 0.2, num_active=3)]
    matched = match_rates_jointly(runs)
    assert matched is not None
    assert {codes.shape for codes in matched.codes} == {(4_000, 3)}
    assert match_rates_jointly([*runs, _run(2, 0.1, num_active=0, beta=9)]) is None
