"""Trials of one run: which latents, which images, which directions."""

from collections import Counter

import numpy as np
import pytest

from tests.report.blind.small import LATENT_DIM, decode, made_codes
from unknot.common.errors import UserError
from unknot.evidence.rotation_test import whiten_symmetrically
from unknot.report.blind.codes import BlindCodes
from unknot.report.blind.latent_trials import latent_trials
from unknot.report.blind.strips import mean_changes
from unknot.report.blind.trials import Trial

KL = [1.0, 4.0, 3.0, 2.0]  # of each latent


def _trials(codes: BlindCodes, seed: int = 0) -> list[Trial]:
    return latent_trials(decode, codes, KL, np.random.default_rng(seed))


@pytest.mark.parametrize(("num_active", "each"), [(2, 4), (3, 4), (4, 3)])
def test_each_active_latent_is_asked_equally_often(num_active: int, each: int) -> None:
    trials = _trials(made_codes(num_active))
    assert Counter(trial.latent for trial in trials) == dict.fromkeys(range(num_active), each)


def test_images_are_spare_ones_and_none_comes_twice() -> None:
    codes = made_codes()
    images = [trial.image for trial in _trials(codes)]
    assert len(set(images)) == len(images)
    assert set(images) <= set(codes.images[codes.spare])


def test_both_strips_change_the_picture_equally_on_average() -> None:
    trials = _trials(made_codes())
    first, second = (
        mean_changes(decode, np.array([getattr(trial, side) for trial in trials]))
        for side in ("first", "second")
    )
    assert first == pytest.approx(second, rel=0.01)
    assert first == pytest.approx([trial.change for trial in trials], rel=0.01)


def test_the_first_strip_moves_its_latent_alone_and_the_second_all_active_ones() -> None:
    for trial in _trials(made_codes(3)):
        along = trial.first[1] - trial.first[0]
        assert np.flatnonzero(along).tolist() == [trial.latent]
        assert np.flatnonzero(trial.second[1] - trial.second[0]).tolist() == [0, 1, 2]


def test_directions_of_the_whitened_codes_favor_none() -> None:
    codes = made_codes()
    white = whiten_symmetrically(codes.mean)
    to_white, *_ = np.linalg.lstsq(codes.mean - codes.mean.mean(0), white, rcond=None)
    directions = np.array(
        [
            (trial.second[1] - trial.second[0]) @ to_white
            for seed in range(100)
            for trial in _trials(codes, seed)
        ]
    )
    directions /= np.linalg.norm(directions, axis=1, keepdims=True)
    spread = directions.T @ directions / len(directions)
    assert spread == pytest.approx(np.eye(LATENT_DIM) / LATENT_DIM, abs=0.04)  # of 1,200 draws


def test_few_spare_images_shorten_the_test() -> None:
    codes = made_codes()
    assert len(_trials(codes._replace(spare=codes.spare[:9]))) == 9


@pytest.mark.parametrize(
    ("num_active", "reason"), [(0, "it has no active latent"), (1, "one active latent alone")]
)
def test_fewer_than_two_latents_cannot_be_asked(num_active: int, reason: str) -> None:
    with pytest.raises(UserError, match=reason):
        _trials(made_codes(num_active))


def test_latents_that_say_the_same_cannot_be_asked() -> None:
    codes = made_codes()
    codes.mean[:] = codes.mean[:, :1]
    with pytest.raises(UserError, match="all say the same"):
        _trials(codes)


def test_what_cannot_be_seen_is_not_asked() -> None:
    with pytest.raises(UserError, match="too little to be seen"):
        latent_trials(lambda codes: decode(codes) / 100, made_codes(), KL, np.random.default_rng(0))
