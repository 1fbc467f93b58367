"""Whether seeds find the same latents, beyond what rotations of their codes agree in."""

import numpy as np
import pytest
from benchmarks.rotation_worlds import make_codes, p_values, spread_p_values
from scipy.stats import kstest

import unknot
from unknot import UserError
from unknot.evidence.agreement_test import agreement_test, mean_agreement


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def seeds(rng: np.random.Generator) -> list[np.ndarray]:
    """Codes of three seeds that found the same latents."""
    causes = rng.standard_normal((200, 4))
    return [make_codes(causes, rng) for _ in range(3)]


def test_p_is_uniform_for_rotated_codes() -> None:
    values = p_values("agreement", aligned=0, seeds=range(100), rotations=19, num=50)
    spread = spread_p_values(values, 19, np.random.default_rng(0))
    assert kstest(spread, "uniform").pvalue > 0.01
    assert (values <= 0.05).mean() < 0.13


def test_the_axes_of_causes_are_found() -> None:
    values = p_values("agreement", aligned=1, seeds=range(10), rotations=39, num=100)
    assert (values <= 0.05).all()


def test_seeds_with_the_same_latents_in_any_order_agree(seeds: list[np.ndarray]) -> None:
    shuffled = [seeds[0], seeds[1][:, [3, 1, 0, 2]], -2 * seeds[2]]
    result = unknot.agreement_test(shuffled, rotations=50)
    assert result.p_value == 1 / 51
    assert result.percentile == 100
    assert result.statistic == pytest.approx(agreement_test(seeds, rotations=50).statistic)


def test_fewer_latents_alone_do_not_agree_more(rng: np.random.Generator) -> None:
    """UDR rises with fewer latents; the place among rotations does not."""
    by_num = {}
    for num in (2, 6):
        codes = [rng.standard_normal((300, num)) for _ in range(3)]
        by_num[num] = agreement_test(codes, rotations=100)
    assert by_num[2].statistic > by_num[6].statistic
    assert all(result.p_value > 0.05 for result in by_num.values())


def test_models_may_differ_in_their_active_latents(seeds: list[np.ndarray]) -> None:
    seeds[2] = np.hstack([seeds[2][:, :1], np.zeros((200, 3))])
    result = agreement_test(seeds, rotations=50)
    assert result.void is None
    assert list(result.excluded) == [f"model 2, latent {i}" for i in (1, 2, 3)]


def test_it_is_void_unless_two_models_have_two_latents(seeds: list[np.ndarray]) -> None:
    result = agreement_test([seeds[0], seeds[1][:, :1]], rotations=50)
    assert result.void == "fewer than two models have two latents in use"
    assert np.isnan(result.z)


def test_identical_codes_agree_as_well_as_can_be(seeds: list[np.ndarray]) -> None:
    ranks = mean_agreement([seeds[0], seeds[0]])
    assert mean_agreement(seeds) < ranks <= 1


def test_one_model_or_other_images_are_refused(seeds: list[np.ndarray]) -> None:
    with pytest.raises(UserError, match="1 models were given"):
        agreement_test(seeds[:1])
    with pytest.raises(UserError, match="of the same images"):
        agreement_test([seeds[0], seeds[1][:100]])
