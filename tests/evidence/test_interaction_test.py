"""Whether the picture is a sum of what the latents do, more than along rotations of them."""

import numpy as np
import pytest
from benchmarks.rotation_worlds import make_decoder, make_world, p_values, spread_p_values
from scipy.stats import kstest

import unknot
from unknot import UserError
from unknot.evidence.interaction_test import interaction, interaction_test
from unknot.metrics.nulls import random_rotation


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def codes(rng: np.random.Generator) -> np.ndarray:
    return rng.standard_normal((100, 3))


def additive(z: np.ndarray) -> np.ndarray:
    """Pictures of 3 pixels, in each of which one latent acts."""
    return np.tanh(z)


def test_p_is_uniform_for_rotated_codes() -> None:
    values = p_values("interaction", aligned=0, seeds=range(150), rotations=39)
    spread = spread_p_values(values, 39, np.random.default_rng(0))
    assert kstest(spread, "uniform").pvalue > 0.01
    assert (values <= 0.05).mean() < 0.12


def test_the_axes_of_causes_are_found() -> None:
    values = p_values("interaction", aligned=1, seeds=range(30), rotations=39)
    assert (values <= 0.05).mean() > 0.9


def test_the_statistic_is_that_of_a_product() -> None:
    """For x = a b, a move (da, db) exceeds the sum of single ones by da db."""

    def product(z: np.ndarray) -> np.ndarray:
        return z[:, :1] * z[:, 1:]

    starts = np.array([[1.0, 2.0], [-1.0, 0.5]])
    moves = np.array([[0.5, 0.0], [0.0, 3.0]])
    single_moves = (0.5 * 2) ** 2 + (0.5 * 0.5) ** 2 + 3.0**2 + 3.0**2
    value = interaction(product, starts, product(starts), moves)
    assert value == pytest.approx(2 * 1.5**2 / single_moves)


def test_a_sum_of_what_latents_do_has_no_interaction(codes: np.ndarray) -> None:
    starts = codes[:8]
    assert interaction(additive, starts, additive(starts), np.eye(3)) == pytest.approx(0, abs=1e-12)
    spherical = np.linalg.qr(codes)[0]  # nearly uncorrelated, so that whitening keeps the axes
    result = unknot.interaction_test(lambda z: additive(20 * z), spherical, rotations=99)
    assert result.p_value == 0.01
    assert result.z > 2
    assert result.statistic < 0.1 * result.null_mean


def test_a_linear_decoder_voids_it(codes: np.ndarray, rng: np.random.Generator) -> None:
    weights = rng.standard_normal((3, 50)).astype(np.float32)
    offset = np.float32(100)
    result = interaction_test(lambda z: z.astype(np.float32) @ weights + offset, codes)
    assert result.void.startswith("each latent just adds its own change to the picture")
    assert np.isnan(result.p_value)


def test_a_decoder_that_does_nothing_voids_it(codes: np.ndarray) -> None:
    result = interaction_test(lambda z: np.ones((len(z), 4)), codes, rotations=20)
    assert result.void == "moving the latents changes nothing"


def test_one_latent_voids_it_before_anything_is_decoded(codes: np.ndarray) -> None:
    def decode(z: np.ndarray) -> np.ndarray:
        raise AssertionError

    assert interaction_test(decode, codes[:, :1]).void is not None


def test_collapsed_latents_are_not_moved(codes: np.ndarray) -> None:
    """The picture depends on a latent that hardly varies, and stays as it is there."""
    with_collapsed = np.insert(codes, 1, 0.01 * codes[:, 0], axis=1)
    seen = []

    def decode(z: np.ndarray) -> np.ndarray:
        seen.append(np.unique(z[:, 1]).size)
        return additive(z[:, [0, 2, 3]])

    result = interaction_test(decode, with_collapsed, rotations=20, active_above=0.01)
    assert list(result.excluded) == ["latent 1"]
    assert set(seen) == {8}
    assert result.z == interaction_test(additive, codes, rotations=20).z


def test_each_rotation_is_decoded_at_once(codes: np.ndarray) -> None:
    batches = []

    def decode(z: np.ndarray) -> np.ndarray:
        batches.append(len(z))
        return additive(z)

    interaction_test(decode, codes, rotations=20)
    assert batches == [8] + 21 * [8 * 6]


def test_turned_codes_and_decoder_keep_their_null_and_lose_their_place(
    rng: np.random.Generator,
) -> None:
    world = make_world(rng, aligned=1)
    decode = make_decoder(world.turn, rng)
    turn = random_rotation(4, rng)
    plain = interaction_test(decode, world.codes, rotations=200)
    turned = interaction_test(lambda z: decode(z @ turn.T), world.codes @ turn, rotations=200)
    assert turned.statistic > plain.statistic
    assert turned.null_mean == pytest.approx(plain.null_mean, rel=0.1)


def test_pixels_of_bytes_do_not_wrap_around(codes: np.ndarray) -> None:
    def shades(z: np.ndarray) -> np.ndarray:
        return 120 + 100 * additive(z)

    exact = interaction_test(shades, codes, rotations=50)
    rounded = interaction_test(lambda z: shades(z).round().astype(np.uint8), codes, rotations=50)
    assert rounded.z == pytest.approx(exact.z, abs=0.1)


def test_what_is_no_picture_of_each_code_is_refused(codes: np.ndarray) -> None:
    with pytest.raises(UserError, match="it must give"):
        interaction_test(lambda z: np.zeros((1, 5)), codes)
    with pytest.raises(UserError, match="not finite"):
        interaction_test(lambda z: np.full((len(z), 5), np.nan), codes)
