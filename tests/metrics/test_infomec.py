"""InfoMEC beside codes that tell of some factors only, or of none."""

import numpy as np
import pytest

from tests.metrics.codes import NO_NULLS, scores_of, world
from unknot.metrics import NullSettings, score
from unknot.metrics.infomec import concentration, expected_overfit


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


@pytest.mark.parametrize(("num", "flagged"), [(600, True), (5_000, False)])
def test_too_few_images_for_the_latents_are_flagged(num: int, flagged: bool) -> None:
    """With 600 images a linear model of 30 latents reads nothing where .78 can be read."""
    factors, perfect = world(num, levels=(4, 8))
    noise = np.random.default_rng(1).standard_normal((num, 30))
    codes = np.hstack([perfect + 0.3 * noise[:, :2], noise[:, 2:]])
    found = score(codes, factors, metrics=["infomec"], nulls=NO_NULLS)["infomec_explicitness"]
    flags = [flag for flag in found.flags if flag.startswith("too few images for a linear model")]
    assert bool(flags) == flagged
    if flagged:
        assert "of 30 latents: factor 1, factor 2;" in flags[0]
        assert flags[0].endswith("give 4,000 images or more")
        assert found.value < 0.2
    else:
        assert found.value > 0.6


def test_a_continuous_factor_is_flagged_by_what_is_left_to_explain() -> None:
    rng = np.random.default_rng(0)
    codes = rng.standard_normal((600, 30))
    flags = []
    for noise in (0.01, 1):
        factor = codes[:, 0] + noise * rng.standard_normal(600)
        found = score(codes, factor, metrics=["infomec"], nulls=NO_NULLS)
        flags.append(found["infomec_explicitness"].flags)
    assert not any(flag.startswith("too few images") for flag in flags[0])
    assert any(flag.startswith("too few images") for flag in flags[1])


def test_expected_overfit_is_half_a_nat_for_a_parameter() -> None:
    assert expected_overfit(9, 3, 1.0, 1_000) == pytest.approx(20 / 2_000)


def test_concentration_of_known_rows() -> None:
    rows = np.array([[1.0, 0, 0], [1, 1, 1], [0, 0, 0], [2, 1, 1]])
    assert concentration(rows) == pytest.approx([1, 0, 0, 0.25])
    assert concentration(np.array([[2.0], [0.0]])).tolist() == [1, 0]
