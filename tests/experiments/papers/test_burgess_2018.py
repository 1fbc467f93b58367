"""What codes know of factors, against codes that know them by construction."""

import numpy as np
import pytest
import torch

from tests.experiments.papers.conftest import INLINE, tiny
from unknot.data.image_set import ImageSet
from unknot.experiments.experiment import Experiment
from unknot.experiments.papers.burgess_2018 import (
    best_known_first,
    explained_by_neighbors,
    factor_targets,
    measure,
    sampled_codes,
)
from unknot.experiments.papers.reproduce import train_paper
from unknot.models.vae import Posterior
from unknot.runs.run import Run


def test_codes_that_are_the_factor_know_it_and_others_do_not() -> None:
    rng = np.random.default_rng(0)
    factor = rng.standard_normal((2_000, 2))
    noise = rng.standard_normal((2_000, 2))
    halves = slice(1_000), slice(1_000, 2_000)
    known = explained_by_neighbors(*(x[half] for half in halves for x in (factor, factor)))
    assert known > 0.95
    unknown = explained_by_neighbors(*(x[half] for half in halves for x in (noise, factor)))
    assert unknown == 0


def test_codes_with_as_much_noise_know_half_of_the_variance() -> None:
    rng = np.random.default_rng(1)
    factor = rng.standard_normal((8_000, 1))
    codes = factor + rng.standard_normal((8_000, 1))
    halves = slice(4_000), slice(4_000, 8_000)
    known = explained_by_neighbors(*(x[half] for half in halves for x in (codes, factor)))
    assert known == pytest.approx(0.5 * (1 - 1 / 20), abs=0.04)  # less the mean's own variance


def test_factors_as_numbers(sprites: ImageSet) -> None:
    targets = factor_targets(sprites)
    assert {name: values.shape[1] for name, values in targets.items()} == {
        "position": 2,
        "scale": 1,
        "shape": 3,
        "orientation": 2,
    }
    assert targets["shape"].sum(1) == pytest.approx(1)
    assert np.hypot(*targets["orientation"].T) == pytest.approx(1)


def test_codes_are_drawn_from_the_posterior_of_latents_in_use(
    vaes: dict[str, Experiment], sprites: ImageSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    mean = torch.zeros(500, 2)
    mean[:, 1] = torch.linspace(-1, 1, 500)
    posterior = Posterior(mean, torch.full((500, 2), np.log(0.25)))
    monkeypatch.setattr(Run, "posterior", lambda *_: posterior)
    codes = sampled_codes(vaes["beta_vae"].runs()[0], sprites.images, seed=0)
    assert codes.shape == (500, 1)
    assert (codes[:, 0] - mean[:, 1].numpy()).std() == pytest.approx(0.5, abs=0.05)


def test_the_best_known_factor_comes_first() -> None:
    known = {2.0: [{"a": 0.1, "b": 0.2}], 5.0: [{"a": 0.9, "b": 0.3}, {"a": 0.2, "b": 0.3}]}
    assert best_known_first(known) == "a, then b"


def test_factors_that_no_capacity_knows_have_no_place_in_the_order() -> None:
    known = {2.0: [{"a": 0.0, "b": 0.2, "c": 0.01}]}
    assert best_known_first(known) == "b; not known by then: c and a"


def test_the_tables_hold_every_factor_and_their_order(
    sprites: ImageSet, tmp_path_factory: pytest.TempPathFactory
) -> None:
    out = tmp_path_factory.mktemp("burgess")
    known, order = measure(train_paper(tiny("burgess-2018"), sprites, out, INLINE), sprites)
    assert known.columns == ("factor", "C = 2", "C = 5")
    assert list(known.rows) == ["position", "scale", "shape", "orientation", "rate in nats"]
    (text,) = order.rows["order"]
    assert all(name in str(text) for name in factor_targets(sprites))
