"""InfoMEC beside codes that tell of some factors only, or of none."""

import numpy as np
import pytest

from tests.metrics.codes import NO_NULLS, scores_of, world
from unknot.metrics import NullSettings, score
from unknot.metrics.infomec import concentration


def test_factors_that_no_latent_tells_are_named() -> None:
    for key in ("infomec_modularity", "infomec_compactness"):
        flags = scores_of("half")[key].flags
        assert any(flag.endswith("for factor 3, factor 4") for flag in flags)


def test_void_scores_carry_no_nulls() -> None:
    factors, _ = world(1_000)
    noise = np.random.default_rng(0).standard_normal((1_000, 3))
    nulls = NullSettings(permutations=2, rotations=2, subsamples=2)
    result = score(noise, factors, metrics=["infomec"], nulls=nulls)["infomec_modularity"]
    assert (result.null_rotation, result.null_permutation, result.interval) == (None, None, None)


def test_one_latent_leaves_completeness_void() -> None:
    factors, perfect = world(500)
    found = score(perfect[:, :1], factors, nulls=NO_NULLS)
    for key in ("dci_completeness", "infomec_compactness"):
        assert np.isnan(found[key].value)
        assert any("one latent varies" in flag for flag in found[key].flags)


def test_concentration_of_known_rows() -> None:
    rows = np.array([[1.0, 0, 0], [1, 1, 1], [0, 0, 0], [2, 1, 1]])
    assert concentration(rows) == pytest.approx([1, 0, 0, 0.25])
    assert concentration(np.array([[2.0], [0.0]])).tolist() == [1, 0]
