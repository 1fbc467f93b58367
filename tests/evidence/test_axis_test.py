"""Whether latents tell labels more selectively than rotations of them."""

import numpy as np
import pytest
from benchmarks.rotation_worlds import draw_labels, make_world, p_values, spread_p_values
from scipy.stats import kstest

import unknot
from unknot import UserError
from unknot.evidence.axis_test import axis_test
from unknot.evidence.rotation_test import whiten_symmetrically


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.mark.parametrize("kind", ["labels", "properties"])
def test_p_is_uniform_for_rotated_codes(kind: str) -> None:
    values = p_values(kind, aligned=0, seeds=range(150), rotations=39, num=100)
    spread = spread_p_values(values, 39, np.random.default_rng(0))
    assert kstest(spread, "uniform").pvalue > 0.01
    assert (values <= 0.05).mean() < 0.12


@pytest.mark.parametrize("kind", ["labels", "properties"])
def test_the_axes_of_causes_are_found(kind: str) -> None:
    values = p_values(kind, aligned=1, seeds=range(30), rotations=39, num=200)
    assert (values <= 0.05).mean() > 0.9


def test_order_sign_shift_and_common_scale_change_nothing(rng: np.random.Generator) -> None:
    world = make_world(rng, aligned=0.5)
    labels = draw_labels(world.causes, rng)
    plain = axis_test(world.codes, labels, rotations=50)
    other_codes = 7 - 0.01 * world.codes[:, [2, 0, 3, 1]]
    changed = axis_test(other_codes, labels, rotations=50)
    assert changed.statistic == pytest.approx(plain.statistic, abs=1e-6)
    assert changed.z == pytest.approx(plain.z, abs=0.8)  # other rotations
    assert plain.z == axis_test(world.codes, labels, rotations=50).z
    assert plain.null_mean != axis_test(world.codes, labels, rotations=50, seed=1).null_mean


def test_it_is_the_whitened_codes_that_are_compared(rng: np.random.Generator) -> None:
    """Those of the rotations are white too: raw codes that correlate would be no draw of them."""
    world = make_world(rng, aligned=1)
    labels = draw_labels(world.causes, rng)
    codes = world.codes + 2 * world.codes[:, :1]
    white = whiten_symmetrically(codes)
    result, of_white = (axis_test(c, labels, rotations=19) for c in (codes, white))
    assert result.statistic == pytest.approx(of_white.statistic, abs=1e-9)


def test_collapsed_latents_take_no_part(rng: np.random.Generator) -> None:
    world = make_world(rng, aligned=1)
    labels = draw_labels(world.causes, rng)
    with_noise = np.hstack([world.codes, 0.01 * rng.standard_normal((200, 3))])
    result = axis_test(with_noise, labels, rotations=50, active_above=0.01)
    assert list(result.excluded) == ["latent 4", "latent 5", "latent 6"]
    assert result.z == axis_test(world.codes, labels, rotations=50).z


def test_labels_that_do_not_vary_are_named(rng: np.random.Generator) -> None:
    world = make_world(rng, aligned=1)
    labels = draw_labels(world.causes, rng)
    labels[:, 2] = 1
    result = axis_test(world.codes, labels, rotations=50)
    assert result.excluded == {"label 2": "has one value only (1)"}
    assert result.p_value == 1 / 51
    assert result.void is None


def test_it_is_void_without_axes_or_labels(rng: np.random.Generator) -> None:
    world = make_world(rng, aligned=1)
    labels = draw_labels(world.causes, rng)
    alone = unknot.axis_test(world.codes[:, :1], labels[:, 0], rotations=50)
    assert alone.void == "1 latent is in use, and it takes two to mix them"
    unknown = axis_test(world.codes, np.full((200, 1), np.nan), rotations=50)
    assert unknown.void == "no label varies enough to be told"
    assert unknown.excluded == {"label 0": "not known"}


def test_labels_of_other_images_are_refused(rng: np.random.Generator) -> None:
    with pytest.raises(UserError, match=r"labels has shape \(30, 1\); give \(40, num_labels\)"):
        axis_test(rng.standard_normal((40, 2)), np.zeros((30, 1)))
