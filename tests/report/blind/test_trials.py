"""A test is known again by what it is made of."""

from dataclasses import replace

import numpy as np

from unknot.report.blind.trials import BETAS, LATENTS, BlindTest, Trial, trials_digest

TRIAL = Trial(
    image=7,
    latent=2,
    partner=None,
    first=np.array([[0.12345, 0.0], [1.0, 0.0]]),
    second=np.array([[0.0, -1.0], [0.0, 1.0]]),
    change=3.0,
)


def test_the_digest_changes_with_all_that_makes_the_trials_and_with_no_rounding() -> None:
    digest = trials_digest(LATENTS, 19, [b"weights"], [TRIAL])
    others = [
        trials_digest(BETAS, 19, [b"weights"], [TRIAL]),
        trials_digest(LATENTS, 20, [b"weights"], [TRIAL]),
        trials_digest(LATENTS, 19, [b"others"], [TRIAL]),
        trials_digest(LATENTS, 19, [b"weights"], [replace(TRIAL, image=8)]),
        trials_digest(LATENTS, 19, [b"weights"], [TRIAL, TRIAL]),
    ]
    assert len({digest, *others}) == 6
    rounded = replace(TRIAL, change=3.0001, first=TRIAL.first + 1e-6)
    assert trials_digest(LATENTS, 19, [b"weights"], [rounded]) == digest
    assert len(digest) == 12


def test_the_page_gets_ends_of_strips_and_no_more() -> None:
    test = BlindTest(
        kind=LATENTS,
        runs=("a", "a"),
        titles=("beta 1", "beta 1"),
        correlations={},
        trials=[TRIAL],
        digest="0" * 12,
    )
    (trial,) = test.as_dict()["trials"]
    assert trial == {
        "latent": 2,
        "partner": None,
        "strips": [[[0.123, 0.0], [1.0, 0.0]], [[0.0, -1.0], [0.0, 1.0]]],
    }
    assert test.title == "beta 1"
    assert replace(test, kind=BETAS, titles=("beta 1", "beta 2")).title == "beta 1 and beta 2"
